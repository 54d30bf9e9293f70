import { LedgerError } from "@eventchain/core";
import { throwIfAborted, untilAborted } from "./abort.ts";
import type { StoredEvent } from "./port.ts";

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

function textLength(events: readonly StoredEvent[]): number {
  let length = 0;
  for (const event of events) length += (event.data?.length ?? 0) + (event.metadata?.length ?? 0);
  return length;
}

/**
 * Events in pages, each one query of its own that begins past the last event of the page before it. At most two pages
 * are in memory: from the second on, the next one is fetched while the caller works on the last. No transaction is
 * held open.
 */
export async function* readPages(
  fetchPage: (last: StoredEvent | undefined, size: number) => Promise<StoredEvent[]>,
  options: PageOptions,
): AsyncGenerator<StoredEvent, void, undefined> {
  const { limit, batchSize = defaultBatchSize, firstBatchSize = FIRST_PAGE_SIZE, signal } = options;
  checkCount(limit, "limit", 0);
  checkCount(batchSize, "batchSize", 1);
  checkCount(firstBatchSize, "firstBatchSize", 1);
  let left = limit ?? Number.POSITIVE_INFINITY;
  let size = Math.min(batchSize, firstBatchSize);
  const fetchNext = async (last: StoredEvent | undefined): Promise<{ page: StoredEvent[]; more: boolean }> => {
    const asked = Math.min(size, left);
    const page = await fetchPage(last, asked);
    left -= page.length;
    size = textLength(page) > largePage ? Math.max(1, Math.floor(size / 2)) : Math.min(batchSize, size * 2);
    return { page, more: page.length === asked && left > 0 };
  };
  throwIfAborted(signal);
  if (left === 0) return;
  let next = await untilAborted(fetchNext(undefined), signal);
  for (let count = 1; ; count += 1) {
    const { page, more } = next;
    const ahead = more && count > 1 ? fetchNext(page.at(-1)) : undefined;
    ahead?.catch(() => undefined);
    for (const event of page) {
      throwIfAborted(signal);
      yield event;
    }
    if (!more) return;
    next = await untilAborted(ahead ?? fetchNext(page.at(-1)), signal);
  }
}
