import type pg from "pg";
import type { ReadAllOptions } from "../port.ts";
import { type EventRow, positionOf } from "./decode-event-row.ts";
import { statement } from "./load-statement.ts";
import { isWhole, isWide, type Search } from "./query-events.ts";
import type { Range } from "./read-range.ts";
import { runScoped, runScopedTexts } from "./run-scoped.ts";

const readAllSql = { forwards: statement("read-all"), backwards: statement("read-all-backwards") };
const readFoundSql = { forwards: statement("read-found"), backwards: statement("read-found-backwards") };
const readPositionsSql = { forwards: statement("read-positions"), backwards: statement("read-positions-backwards") };
const findPositionsSql = statement("find-positions");

/** Pages whose positions a wide search finds at once. */
const pagesAhead = 16;

/** The page that follows a row, or the first one; it has fewer than `size` rows only where it is the last. */
export type FetchPage = (last: EventRow | undefined, size: number) => Promise<EventRow[]>;

type Reading = Pick<ReadAllOptions, "backwards" | "limit" | "access" | "rowSecurity">;

/** What is left of a range past a position, in the direction of reading. */
function pastPosition(range: Range, { backwards }: Reading, position: bigint | undefined): Range {
  if (position === undefined) return range;
  return backwards === true ? { ...range, last: position - 1n } : { ...range, first: position + 1n };
}

/** Where and what to read. */
export interface Fetching {
  pool: pg.Pool;
  ledgerId: bigint;
  reading: Reading;
  /** Whether a row has what `decodeStoredEvent` wants, or but for the salts and the hashes underneath. */
  wholeRows: boolean;
}

/** Fetches what a search finds in a range, page by page, one at a time. */
export function fetchPages(fetching: Fetching, search: Search, range: Range): FetchPage {
  if (isWide(search)) return fetchWide(fetching, search, range);
  const { pool, ledgerId, reading } = fetching;
  const direction = reading.backwards === true ? "backwards" : "forwards";
  const [sql, how] = isWhole(search)
    ? [readAllSql[direction], search.checks?.own === false]
    : [readFoundSql[direction], JSON.stringify(search)];
  return (last, size) => {
    const { first, last: end } = pastPosition(range, reading, last && positionOf(last));
    return runScopedTexts(pool, ledgerId, reading, sql, [ledgerId, first, end, how, size, fetching.wholeRows]);
  };
}

/**
 * A search of many names looks into an index for each of them, so that the positions of many pages are found at once. They
 * stay true: what is found there is never changed, and what is appended later stands past it.
 */
function fetchWide({ pool, ledgerId, reading, wholeRows }: Fetching, search: Search, range: Range): FetchPage {
  const backwards = reading.backwards === true;
  const readSql = readPositionsSql[backwards ? "backwards" : "forwards"];
  const json = JSON.stringify(search);
  let ahead: bigint[] = [];
  let rest = range;
  let left = reading.limit ?? Number.POSITIVE_INFINITY;
  let more = true;
  const findAhead = async (count: number): Promise<void> => {
    const values = [ledgerId, rest.first, rest.last, backwards, json, count];
    const rows = await runScoped<{ position: bigint }>(pool, ledgerId, reading, findPositionsSql, values);
    left -= rows.length;
    more = rows.length === count && left > 0;
    rest = pastPosition(rest, reading, rows.at(-1)?.position);
    ahead = [...ahead, ...rows.map(({ position }) => position)];
  };
  return async (_last, size) => {
    if (more && ahead.length < size) await findAhead(Math.min(size * pagesAhead, left));
    const page = ahead.slice(0, size);
    ahead = ahead.slice(size);
    if (page.length === 0) return [];
    return runScopedTexts(pool, ledgerId, reading, readSql, [ledgerId, page, wholeRows]);
  };
}
