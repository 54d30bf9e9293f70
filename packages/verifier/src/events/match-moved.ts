import { max, min } from "../database/entry-list.ts";
import type { Gap } from "./align-events.ts";
import type { LooseRow, Places } from "./place.ts";

/** The most pairs of a row and a place that are tried. */
const MAX_PAIRS = 4_000_000;

/** A row that is an event sealed elsewhere. */
export interface Moved {
  loose: LooseRow;
  /** Where it stands, in places of the log. */
  stands: bigint;
  /** Where it was sealed. */
  sealed: bigint;
}

/** Finds, among the rows that are not where they belong, those that belong to another gap or another place of their own. */
export async function matchMoved(gaps: readonly Gap[], places: Places): Promise<Moved[]> {
  const rows = gaps.flatMap((gap) =>
    gap.rows.map((loose) => {
      const stands = standsAt(gap, loose);
      return { loose, stands, between: stands > gap.to };
    }),
  );
  const missing = gaps.reduce((sum, gap) => sum + (gap.to >= gap.from ? gap.to - gap.from + 1n : 0n), 0n);
  if (BigInt(rows.length) * missing > BigInt(MAX_PAIRS)) return [];
  const waiting = new Set(rows);
  const moved: Moved[] = [];
  for (const gap of gaps) {
    for (let index = gap.from; index <= gap.to && waiting.size > 0; index++) {
      await places.entries.load(index - 1n, index);
      for (const one of waiting) {
        const { row, contents } = one.loose;
        if (places.test(row, contents, index, [row.version]) === undefined) continue;
        // A row that stands between two events, and comes from before them, stands after the first.
        const stands = one.between && index < one.stands ? one.stands - 1n : one.stands;
        moved.push({ loose: one.loose, stands, sealed: index });
        waiting.delete(one);
        break;
      }
    }
  }
  return moved;
}

/** The place in the log at which a row of a gap stands: the one that its position says, or before what follows the gap. */
export function standsAt(gap: Gap, loose: LooseRow): bigint {
  const index = loose.row.position + gap.shiftBefore;
  return max(1n, min(index, gap.to + 1n));
}
