import type { Finding } from "../report.ts";
import { textAt } from "./decode.ts";
import { statement } from "./load-statement.ts";
import type { Snapshot } from "./open-snapshot.ts";

const eventName = statement("event-name");

/** Kinds whose `position` is that of a row that is there, as it is numbered. */
const OF_ROWS = new Set(["erased-unlogged", "altered", "contradicted"]);
/** At most so many rows are looked up. */
const MAX_NAMED = 1_000;

/** Adds id and stream of the event to those findings that have none, where there is a row. */
export async function nameEvents(
  snapshot: Snapshot,
  ledgerId: bigint,
  findings: readonly Finding[],
  isRenumbered: (position: bigint) => boolean,
): Promise<Finding[]> {
  const wanted = findings.filter(({ kind, eventId, position }) => {
    if (eventId !== undefined || position === undefined || !OF_ROWS.has(kind)) return false;
    return !isRenumbered(BigInt(position));
  });
  if (wanted.length === 0) return [...findings];
  const positions = wanted.slice(0, MAX_NAMED).map((one) => one.position);
  const rows = await snapshot.rows(eventName, [ledgerId, positions]);
  const names = new Map(rows.map((row) => [textAt(row, 0), { eventId: textAt(row, 1), stream: textAt(row, 2) }]));
  return findings.map((finding) => {
    const name = wanted.includes(finding) ? names.get(finding.position ?? "") : undefined;
    if (name === undefined) return finding;
    const { detail, ...rest } = finding;
    return { ...rest, ...name, detail };
  });
}
