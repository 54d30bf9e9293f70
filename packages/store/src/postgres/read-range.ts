import { MAX_INT63 } from "@eventchain/core";
import { checkBound } from "../check-bound.ts";
import type { EventFilter, ReadAllOptions } from "../port.ts";
import { statement } from "./load-statement.ts";
import { type Queryable, runRows } from "./run-rows.ts";

const findPositionAtSql = statement("find-position-at");

/** Positions from `first` to `last`, both inclusive; none where `first` is greater. */
export interface Range {
  first: bigint;
  last: bigint;
}

/** What `timestamptz` takes in text: years 1 to 9999. Events are younger than the one and older than the other. */
const minMicros = -62_135_596_800_000_000n;
const maxMicros = 253_402_300_799_999_999n;

/** Microseconds since 1970 as text for a `timestamptz`, exactly. */
function timestampOf(micros: bigint): string {
  const kept = micros < minMicros ? minMicros : micros > maxMicros ? maxMicros : micros;
  const rest = ((kept % 1000n) + 1000n) % 1000n;
  const millis = (kept - rest) / 1000n;
  return `${new Date(Number(millis)).toISOString().slice(0, -1)}${rest.toString().padStart(3, "0")}Z`;
}

async function positionAt(database: Queryable, ledgerId: bigint, micros: bigint): Promise<bigint> {
  const rows = await runRows<{ position: bigint }>(database, findPositionAtSql, [ledgerId, timestampOf(micros)]);
  return rows[0]?.position ?? 1n;
}

/** Where the filter's times begin and end: recorded times never fall along positions, so they are found by halving. */
async function narrowByTime(database: Queryable, ledgerId: bigint, filter: EventFilter, range: Range): Promise<Range> {
  let { first, last } = range;
  if (filter.recordedFromMicros !== undefined) {
    const position = await positionAt(database, ledgerId, filter.recordedFromMicros);
    if (position > first) first = position;
  }
  if (filter.recordedToMicros !== undefined) {
    const position = (await positionAt(database, ledgerId, filter.recordedToMicros)) - 1n;
    if (position < last) last = position;
  }
  return { first, last };
}

/** The positions that a read's bounds and times leave. Errors: `invalid-argument`, and those of the database. */
export async function rangeOf(
  database: Queryable,
  ledgerId: bigint,
  { after, to, backwards, filter = {} }: Pick<ReadAllOptions, "after" | "to" | "backwards" | "filter">,
): Promise<Range> {
  checkBound(after, "after");
  checkBound(to, "to");
  const range =
    backwards === true
      ? { first: to === undefined || to === 0n ? 1n : to, last: after === undefined ? MAX_INT63 : after - 1n }
      : { first: (after ?? 0n) + 1n, last: to ?? MAX_INT63 };
  return range.first > range.last ? range : narrowByTime(database, ledgerId, filter, range);
}
