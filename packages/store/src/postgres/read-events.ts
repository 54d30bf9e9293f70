import { LedgerError, MAX_INT63 } from "@eventchain/core";
import type { EventFilter, ReadAllOptions, ReadStreamOptions, StoredEvent } from "../port.ts";
import { statement } from "./load-statement.ts";
import { readPages } from "./read-pages.ts";
import { type Queryable, runRows } from "./run-rows.ts";

const readStreamSql = { forwards: statement("read-stream"), backwards: statement("read-stream-backwards") };
const readAllSql = { forwards: statement("read-all"), backwards: statement("read-all-backwards") };
const readTaggedSql = { forwards: statement("read-tagged"), backwards: statement("read-tagged-backwards") };
const pickTagSql = statement("pick-tag");
const findPositionAtSql = statement("find-position-at");

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

function checkBound(value: bigint | undefined, name: string): void {
  if (value === undefined || (value >= 0n && value <= MAX_INT63)) return;
  throw new LedgerError("invalid-argument", `${name} is from 0 to 2^63 - 1`, { values: { [name]: value } });
}

/** A name that Postgres cannot hold is one that no event has. */
function isStorable(name: string): boolean {
  return !name.includes("\0") && name.isWellFormed();
}

/** One stream's events, by version. Errors: `invalid-argument`, `aborted`, and those of the database. */
export async function* readStream(
  database: Queryable,
  ledgerId: bigint,
  stream: string,
  options: ReadStreamOptions,
): AsyncGenerator<StoredEvent, void, undefined> {
  checkBound(options.after, "after");
  if (!isStorable(stream)) return;
  const backwards = options.backwards === true;
  const start = options.after ?? (backwards ? MAX_INT63 : 0n);
  const sql = backwards ? readStreamSql.backwards : readStreamSql.forwards;
  yield* readPages((last, size) => runRows(database, sql, [ledgerId, stream, last?.version ?? start, size]), options);
}

function filterValues(filter: EventFilter): unknown[] {
  return [
    filter.streams?.filter(isStorable) ?? null,
    filter.types?.filter(isStorable) ?? null,
    filter.actor ?? null,
    filter.ip ?? null,
    filter.correlationId ?? null,
    filter.recordedFromMicros === undefined ? null : timestampOf(filter.recordedFromMicros),
    filter.recordedToMicros === undefined ? null : timestampOf(filter.recordedToMicros),
  ];
}

async function pickTag(database: Queryable, ledgerId: bigint, tags: readonly string[]): Promise<string | undefined> {
  if (tags.length < 2) return tags[0];
  return (await runRows<{ tag: string }>(database, pickTagSql, [ledgerId, tags]))[0]?.tag;
}

async function positionAt(database: Queryable, ledgerId: bigint, micros: bigint): Promise<bigint> {
  const rows = await runRows<{ position: bigint }>(database, findPositionAtSql, [ledgerId, timestampOf(micros)]);
  return rows[0]?.position ?? 1n;
}

/** Positions from `first` to `last`, both inclusive. */
interface Range {
  first: bigint;
  last: bigint;
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

function rangeOf(options: ReadAllOptions): Range {
  const { after, to } = options;
  if (options.backwards === true) return { first: to ?? 1n, last: after === undefined ? MAX_INT63 : after - 1n };
  return { first: (after ?? 0n) + 1n, last: to ?? MAX_INT63 };
}

/** A ledger's events, by position. Errors: `invalid-argument`, `aborted`, and those of the database. */
export async function* readAll(
  database: Queryable,
  ledgerId: bigint,
  options: ReadAllOptions,
): AsyncGenerator<StoredEvent, void, undefined> {
  checkBound(options.after, "after");
  checkBound(options.to, "to");
  const { filter = {}, backwards = false } = options;
  const texts = [filter.actor, filter.ip, filter.correlationId, ...(filter.tags ?? [])];
  if (!texts.every((text) => text === undefined || isStorable(text))) return;
  const tags = [...new Set(filter.tags ?? [])];
  const tag = await pickTag(database, ledgerId, tags);
  const range = await narrowByTime(database, ledgerId, filter, rangeOf(options));
  if (range.first > range.last) return;
  const direction = backwards ? "backwards" : "forwards";
  const sql = (tag === undefined ? readAllSql : readTaggedSql)[direction];
  const filters = filterValues(filter);
  const tagged = tag === undefined ? [] : [tags, tag];
  // Past the last event read, or past the edge: neither bound can overflow, positions end at 2^63 - 1.
  const start = backwards ? (range.last === MAX_INT63 ? MAX_INT63 : range.last + 1n) : range.first - 1n;
  const end = backwards ? range.first : range.last;
  yield* readPages(
    (last, size) => runRows(database, sql, [ledgerId, last?.position ?? start, end, ...filters, size, ...tagged]),
    options,
  );
}
