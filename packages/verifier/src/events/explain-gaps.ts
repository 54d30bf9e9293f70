import type { Draft } from "../findings/draft.ts";
import type { Gap } from "./align-events.ts";
import { explainChange } from "./explain-change.ts";
import { type Moved, matchMoved, standsAt } from "./match-moved.ts";
import type { LooseRow, Places } from "./place.ts";

/** What the gaps between rows and log come to. */
export interface ExplainedGaps {
  drafts: Draft[];
  /** The first of the newest sealed events that are gone with no row after them. */
  truncatedFrom: bigint | undefined;
}

/** Says of every gap what was done there: altered, deleted, inserted or moved. Neighbours become one finding. */
export async function explainGaps(gaps: readonly Gap[], places: Places, origin: string): Promise<ExplainedGaps> {
  const moved = await matchMoved(gaps, places);
  const isMoved = new Set(moved.map((one) => one.loose));
  const returned = new Set(moved.map((one) => one.sealed));
  const drafts = moved.length === 0 ? [] : explainMoved(moved);
  let truncatedFrom: bigint | undefined;
  for (const gap of gaps) {
    const rows = gap.rows.filter((loose) => !isMoved.has(loose));
    const { altered, inserted, missing } = pairUp(gap, rows, returned);
    for (const { loose, index } of altered) drafts.push(await describeAltered(loose, index, places, origin));
    for (const loose of inserted) drafts.push(describeInserted(loose, gap));
    for (const run of missing) {
      if (gap.last && run.to === places.entries.size) truncatedFrom = run.from;
      else drafts.push(describeDeleted(run));
    }
  }
  return { drafts, truncatedFrom };
}

interface Run {
  from: bigint;
  to: bigint;
}

/**
 * Pairs the rows of a gap with the events that are missing there: a row that stands in the place of one, by the numbering before
 * the gap or after it, is that event altered. Rows left over were inserted; events left over were deleted.
 */
function pairUp(
  gap: Gap,
  rows: readonly LooseRow[],
  returned: ReadonlySet<bigint>,
): { altered: { loose: LooseRow; index: bigint }[]; inserted: LooseRow[]; missing: Run[] } {
  const taken = new Map<bigint, LooseRow>();
  const isFree = (index: bigint): boolean =>
    index >= gap.from && index <= gap.to && !returned.has(index) && !taken.has(index);
  let left = rows;
  for (const shift of new Set([gap.shiftBefore, gap.shiftAfter])) {
    left = left.filter((loose) => {
      const index = loose.row.position + shift;
      if (!isFree(index)) return true;
      taken.set(index, loose);
      return false;
    });
  }
  const inserted: LooseRow[] = [];
  let free = gap.from;
  for (const loose of left) {
    while (free <= gap.to && !isFree(free)) free += 1n;
    if (free <= gap.to) taken.set(free, loose);
    else inserted.push(loose);
  }
  const altered = [...taken].map(([index, loose]) => ({ loose, index })).sort((a, b) => (a.index < b.index ? -1 : 1));
  return { altered, inserted, missing: runsOf(gap, (index) => taken.has(index) || returned.has(index)) };
}

/** The places of a gap that are not accounted for, as runs. */
function runsOf(gap: Gap, isSettled: (index: bigint) => boolean): Run[] {
  const runs: Run[] = [];
  // A gap may be as long as the log; only what is settled is looked at one by one.
  let from = gap.from;
  if (gap.rows.length === 0 && gap.to - gap.from > 1_000_000n) return [{ from, to: gap.to }];
  for (let index = gap.from; index <= gap.to + 1n; index++) {
    if (index <= gap.to && !isSettled(index)) continue;
    if (index > from) runs.push({ from, to: index - 1n });
    from = index + 1n;
  }
  return runs;
}

async function describeAltered(loose: LooseRow, index: bigint, places: Places, origin: string): Promise<Draft> {
  const prevHash = await places.previous(index);
  const hash = await places.entries.find(index);
  const detail = explainChange(loose, { origin, index, prevHash, hash });
  return { area: "event", kind: "altered", position: index, eventId: loose.row.id, stream: loose.row.stream, detail };
}

function describeInserted(loose: LooseRow, gap: Gap): Draft {
  const { id, stream, position } = loose.row;
  const detail = `the row at position ${position} was never sealed there`;
  return { area: "event", kind: "inserted", position: standsAt(gap, loose), eventId: id, stream, detail };
}

function describeDeleted({ from, to }: Run): Draft {
  const detail = from === to ? "the sealed event is gone" : `${to - from + 1n} sealed events are gone`;
  return { area: "event", kind: "deleted", position: from, detail, ...(to > from ? { to } : {}) };
}

/** Two rows that stand in each other's place are one finding. */
function explainMoved(moved: readonly Moved[]): Draft[] {
  const bySealed = new Map(moved.map((one) => [one.sealed, one]));
  const done = new Set<Moved>();
  const drafts: Draft[] = [];
  for (const one of moved) {
    if (done.has(one) || one.stands === one.sealed) continue;
    const partner = bySealed.get(one.stands);
    if (partner !== undefined && partner.stands === one.sealed) done.add(partner);
    const [position, to] = one.stands < one.sealed ? [one.stands, one.sealed] : [one.sealed, one.stands];
    const first = one.stands === position || partner === undefined ? one : partner;
    const detail =
      partner === undefined
        ? `the event sealed at ${one.sealed} now stands at ${one.stands}`
        : "the events have changed places";
    const { id, stream } = first.loose.row;
    drafts.push({ area: "event", kind: "reordered", position, to, eventId: id, stream, detail });
  }
  return drafts;
}
