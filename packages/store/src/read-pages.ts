import { setImmediate } from "node:timers/promises";
import { LedgerError } from "@eventchain/core";
import { throwIfAborted, untilAborted } from "./abort.ts";

const defaultBatchSize = 1_000;
/** A read begins with a small page: its first event comes soon, and a caller who stops early has fetched little. */
export const FIRST_PAGE_SIZE = 128;
/** Characters of data and metadata in one page beyond which the next one is made smaller. */
const largePage = 8_000_000;

export interface PageOptions {
  limit?: number;
  batchSize?: number;
  firstBatchSize?: number;
  signal?: AbortSignal;
}

function checkCount(value: number | undefined, name: string, least: number): void {
  if (value === undefined || (Number.isSafeInteger(value) && value >= least)) return;
  throw new LedgerError("invalid-argument", `${name} is an integer, ${least} or more`, { values: { [name]: value } });
}

/**
 * Rows in pages, each one query of its own that begins past the last row of the page before it; none is empty. At most two
 * pages are in memory: from the second on, the next one is fetched while the caller works on the last. No transaction is
 * held open.
 * @param lengthOf characters of a row's data and metadata
 */
export async function* readPages<Row>(
  fetchPage: (last: Row | undefined, size: number) => Promise<Row[]>,
  options: PageOptions,
  lengthOf: (row: Row) => number,
): AsyncGenerator<Row[], void, undefined> {
  const { limit, batchSize = defaultBatchSize, firstBatchSize = FIRST_PAGE_SIZE, signal } = options;
  checkCount(limit, "limit", 0);
  checkCount(batchSize, "batchSize", 1);
  checkCount(firstBatchSize, "firstBatchSize", 1);
  let left = limit ?? Number.POSITIVE_INFINITY;
  let size = Math.min(batchSize, firstBatchSize);
  const fetchNext = async (last: Row | undefined): Promise<{ page: Row[]; more: boolean }> => {
    const asked = Math.min(size, left);
    const page = await fetchPage(last, asked);
    left -= page.length;
    let length = 0;
    for (const row of page) length += lengthOf(row);
    size = length > largePage ? Math.max(1, Math.floor(size / 2)) : Math.min(batchSize, size * 2);
    return { page, more: page.length === asked && left > 0 };
  };
  throwIfAborted(signal);
  if (left === 0) return;
  let next = await untilAborted(fetchNext(undefined), signal);
  for (let count = 1; ; count += 1) {
    const { page, more } = next;
    const ahead = more && count > 1 ? fetchNext(page.at(-1)) : undefined;
    ahead?.catch(() => undefined);
    // The driver sends in a later turn, which a caller who works on the page's events without a pause would put off.
    if (ahead !== undefined) await setImmediate();
    if (page.length > 0) yield page;
    if (!more) return;
    next = await untilAborted(ahead ?? fetchNext(page.at(-1)), signal);
  }
}

/** What is in pages, one by one. Errors: `aborted`. */
export async function* eachOf<Row, Event>(
  pages: AsyncIterable<readonly Row[]>,
  decode: (row: Row) => Event,
  signal?: AbortSignal,
): AsyncGenerator<Event, void, undefined> {
  for await (const page of pages)
    for (const row of page) {
      throwIfAborted(signal);
      yield decode(row);
    }
}
