import { MAX_INT63 } from "@eventchain/core";
import { checkBound } from "../check-bound.ts";
import type { ReadAllOptions, ReadStreamOptions } from "../port.ts";
import { readPages } from "../read-pages.ts";
import { type EventRow, textLength, versionOf } from "./decode-event-row.ts";
import { type Fetching, fetchPages } from "./fetch-pages.ts";
import { statement } from "./load-statement.ts";
import { isStorable, itemsOf, searchOf } from "./query-events.ts";
import { rangeOf } from "./read-range.ts";
import { runRows } from "./run-rows.ts";
import { runScopedTexts } from "./run-scoped.ts";

const readStreamSql = { forwards: statement("read-stream"), backwards: statement("read-stream-backwards") };
const findPositionOfVersionSql = statement("find-position-of-version");

type Source = Pick<Fetching, "pool" | "ledgerId" | "wholeRows">;

/** One stream's events, by version, in pages. Errors: `invalid-argument`, `aborted`, and those of the database. */
export async function* readStreamPages(
  source: Source,
  stream: string,
  options: ReadStreamOptions,
): AsyncGenerator<EventRow[], void, undefined> {
  checkBound(options.after, "after");
  const allowed = itemsOf(options.access);
  if (!isStorable(stream)) return;
  if (allowed !== undefined) {
    yield* readAllowed(source, stream, options);
    return;
  }
  const { pool, ledgerId, wholeRows } = source;
  const backwards = options.backwards === true;
  const start = options.after ?? (backwards ? MAX_INT63 : 0n);
  const sql = backwards ? readStreamSql.backwards : readStreamSql.forwards;
  const fetchPage = (last: EventRow | undefined, size: number): Promise<EventRow[]> => {
    const past = last === undefined ? start : versionOf(last);
    return runScopedTexts(pool, ledgerId, options, sql, [ledgerId, stream, past, size, wholeRows]);
  };
  yield* readPages(fetchPage, options, textLength);
}

/** A stream as far as an access allows it: a query for it, from the position of a version on. */
async function* readAllowed(
  source: Source,
  stream: string,
  { after, ...options }: ReadStreamOptions,
): AsyncGenerator<EventRow[], void, undefined> {
  const { pool, ledgerId } = source;
  const read: ReadAllOptions = { ...options, query: [{ streams: [stream] }] };
  if (after === undefined) {
    yield* readAllPages(source, read);
  } else if (after === 0n) {
    yield* readAllPages(source, { ...read, after: 0n });
  } else {
    const [found] = await runRows<{ position: bigint }>(pool, findPositionOfVersionSql, [ledgerId, stream, after]);
    // A version past the last one: all of the stream is before it, and nothing past it.
    if (found !== undefined) yield* readAllPages(source, { ...read, after: found.position });
    else if (options.backwards === true) yield* readAllPages(source, read);
    else yield* readAllPages(source, { ...read, after: MAX_INT63 });
  }
}

/** A ledger's events, by position, in pages. Errors: `invalid-argument`, `aborted`, and those of the database. */
export async function* readAllPages(
  source: Source,
  options: ReadAllOptions,
): AsyncGenerator<EventRow[], void, undefined> {
  const search = searchOf(options);
  const range = await rangeOf(source.pool, source.ledgerId, options);
  if (search === undefined || range.first > range.last) return;
  yield* readPages(fetchPages({ ...source, reading: options }, search, range), options, textLength);
}
