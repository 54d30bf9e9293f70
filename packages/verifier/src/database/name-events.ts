import type { Draft } from "../findings/draft.ts";
import { textAt } from "./decode.ts";
import { statement } from "./load-statement.ts";
import type { Snapshot } from "./open-snapshot.ts";

const eventName = statement("event-name");

/** Kinds whose `position` is that of a row that is there, as it is numbered. */
const OF_ROWS = new Set(["erased-unlogged", "altered", "contradicted", "bad-snapshot"]);
/** At most so many rows are looked up. */
const MAX_NAMED = 1_000;

/** Adds id and stream of the event to those findings that have none, where there is a row. */
export async function nameEvents(
  snapshot: Snapshot,
  ledgerId: bigint,
  drafts: readonly Draft[],
  isRenumbered: (position: bigint) => boolean,
): Promise<void> {
  const unnamed = drafts
    .filter(({ kind, eventId, position }) => {
      return eventId === undefined && position !== undefined && OF_ROWS.has(kind) && !isRenumbered(position);
    })
    .slice(0, MAX_NAMED);
  if (unnamed.length === 0) return;
  const rows = await snapshot.rows(eventName, [ledgerId, unnamed.map((draft) => draft.position)]);
  const names = new Map(rows.map((row) => [textAt(row, 0), { eventId: textAt(row, 1), stream: textAt(row, 2) }]));
  for (const draft of unnamed) Object.assign(draft, names.get(`${draft.position}`));
}
