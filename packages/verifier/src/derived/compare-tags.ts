import { integerAt, textAt } from "../database/decode.ts";
import { statement } from "../database/load-statement.ts";
import type { Snapshot } from "../database/open-snapshot.ts";
import { lowestOf } from "../database/read-events.ts";
import type { Draft } from "../findings/draft.ts";

const tagCompare = statement("tag-compare");
const versionCompare = statement("version-compare");

/** At most so many differences are told one by one. */
const MAX_DIFFERENCES = 10_000;

/** Compares `event_tags`, by which events are found, with the tags that the events themselves have. */
export async function compareTags(snapshot: Snapshot, ledgerId: bigint, from: bigint): Promise<Draft[]> {
  const rows = await snapshot.rows(tagCompare, [ledgerId, lowestOf(from), MAX_DIFFERENCES]);
  return rows.map((row) => {
    const tag = JSON.stringify(row[1] ?? null);
    const detail =
      textAt(row, 2) === "t"
        ? `event_tags lists it under ${tag}, which it has not`
        : `event_tags does not list it under ${tag}`;
    return { area: "derived", kind: "altered", position: integerAt(row, 0), detail };
  });
}

/** Looks for streams whose versions do not count 1, 2, 3 … in the order of positions. */
export async function compareVersions(
  snapshot: Snapshot,
  ledgerId: bigint,
  from: bigint,
): Promise<(Draft & { position: bigint })[]> {
  const rows = await snapshot.rows(versionCompare, [ledgerId, MAX_DIFFERENCES]);
  return rows
    .map((row): Draft & { position: bigint } => {
      const [stream, version, id, previous] = [textAt(row, 0), textAt(row, 1), textAt(row, 3), textAt(row, 4)];
      const detail = `in its stream version ${version} follows ${previous}`;
      return { area: "derived", kind: "altered", position: integerAt(row, 2), eventId: id, stream, detail };
    })
    .filter((draft) => draft.position >= from);
}
