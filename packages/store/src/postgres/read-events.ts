import { MAX_INT63 } from "@eventchain/core";
import type pg from "pg";
import { checkBound } from "../check-bound.ts";
import type { ReadAllOptions, ReadStreamOptions, StoredEvent } from "../port.ts";
import { readPages } from "../read-pages.ts";
import { fetchPages } from "./fetch-pages.ts";
import { statement } from "./load-statement.ts";
import { isStorable, itemsOf, searchOf } from "./query-events.ts";
import { rangeOf } from "./read-range.ts";
import { runRows } from "./run-rows.ts";
import { runScoped } from "./run-scoped.ts";

const readStreamSql = { forwards: statement("read-stream"), backwards: statement("read-stream-backwards") };
const findPositionOfVersionSql = statement("find-position-of-version");

/** One stream's events, by version. Errors: `invalid-argument`, `aborted`, and those of the database. */
export async function* readStream(
  pool: pg.Pool,
  ledgerId: bigint,
  stream: string,
  options: ReadStreamOptions,
): AsyncGenerator<StoredEvent, void, undefined> {
  checkBound(options.after, "after");
  const allowed = itemsOf(options.access);
  if (!isStorable(stream)) return;
  if (allowed !== undefined) {
    yield* readAllowed(pool, ledgerId, stream, options);
    return;
  }
  const backwards = options.backwards === true;
  const start = options.after ?? (backwards ? MAX_INT63 : 0n);
  const sql = backwards ? readStreamSql.backwards : readStreamSql.forwards;
  yield* readPages(
    (last, size) => runScoped(pool, ledgerId, options, sql, [ledgerId, stream, last?.version ?? start, size]),
    options,
  );
}

/** A stream as far as an access allows it: a query for it, from the position of a version on. */
async function* readAllowed(
  pool: pg.Pool,
  ledgerId: bigint,
  stream: string,
  { after, ...options }: ReadStreamOptions,
): AsyncGenerator<StoredEvent, void, undefined> {
  const read: ReadAllOptions = { ...options, query: [{ streams: [stream] }] };
  if (after === undefined) {
    yield* readAll(pool, ledgerId, read);
  } else if (after === 0n) {
    yield* readAll(pool, ledgerId, { ...read, after: 0n });
  } else {
    const [found] = await runRows<{ position: bigint }>(pool, findPositionOfVersionSql, [ledgerId, stream, after]);
    // A version past the last one: all of the stream is before it, and nothing past it.
    if (found !== undefined) yield* readAll(pool, ledgerId, { ...read, after: found.position });
    else if (options.backwards === true) yield* readAll(pool, ledgerId, read);
    else yield* readAll(pool, ledgerId, { ...read, after: MAX_INT63 });
  }
}

/** A ledger's events, by position. Errors: `invalid-argument`, `aborted`, and those of the database. */
export async function* readAll(
  pool: pg.Pool,
  ledgerId: bigint,
  options: ReadAllOptions,
): AsyncGenerator<StoredEvent, void, undefined> {
  const search = searchOf(options);
  const range = await rangeOf(pool, ledgerId, options);
  if (search === undefined || range.first > range.last) return;
  yield* readPages(fetchPages(pool, ledgerId, options, search, range), options);
}
