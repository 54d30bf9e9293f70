import { LedgerError } from "@eventchain/core";
import type pg from "pg";
import { checkBound } from "../check-bound.ts";
import type { EventQuery, Look, StoredEvent } from "../port.ts";
import { eachOf, FIRST_PAGE_SIZE, readPages } from "../read-pages.ts";
import { decodeStoredEvent, textLength } from "./decode-event-row.ts";
import { fetchPages } from "./fetch-pages.ts";
import { statement } from "./load-statement.ts";
import { type Search, searchOf } from "./query-events.ts";

import { runRows } from "./run-rows.ts";

const lookSql = statement("look");

type LookRow = StoredEvent & { headPosition: bigint; context: number | null };

/**
 * The head and the first page of each context up to it, by one statement; see `EventStore.look`. What a context has
 * beyond its first page is fetched while it is read, up to the same position: what is there stays as it is.
 */
export async function look(
  pool: pg.Pool,
  ledgerId: bigint,
  contexts: readonly { query: EventQuery; after?: bigint }[],
): Promise<Look> {
  const searches = contexts.map(({ query, after = 0n }, context) => {
    checkBound(after, "after");
    return { context, after, search: searchOf({ query }) };
  });
  const asked = searches.filter(({ search }) => search !== undefined);
  const rows = await runRows<LookRow>(pool, lookSql, [
    ledgerId,
    asked.map(({ context }) => context),
    asked.map(({ after }) => after),
    asked.map(({ search }) => JSON.stringify(search)),
    FIRST_PAGE_SIZE,
  ]);
  const position = rows[0]?.headPosition;
  if (position === undefined)
    throw new LedgerError("ledger-not-found", "there is no such ledger", { values: { ledgerId } });
  const pages: StoredEvent[][] = contexts.map(() => []);
  for (const { headPosition: _head, context, ...event } of rows) if (context !== null) pages[context]?.push(event);
  return {
    position,
    contexts: searches.map(({ context, search }) =>
      readContext(pool, ledgerId, search ?? { items: [] }, position, pages[context] ?? []),
    ),
  };
}

/** A context's events: the page that came with the look, and what follows it up to the look's position. */
async function* readContext(
  pool: pg.Pool,
  ledgerId: bigint,
  search: Search,
  position: bigint,
  page: StoredEvent[],
): AsyncGenerator<StoredEvent, void, undefined> {
  yield* page;
  const last = page.at(-1);
  if (last === undefined || page.length < FIRST_PAGE_SIZE || last.position >= position) return;
  const range = { first: last.position + 1n, last: position };
  const fetchPage = fetchPages({ pool, ledgerId, reading: {}, wholeRows: true }, search, range);
  yield* eachOf(readPages(fetchPage, { firstBatchSize: FIRST_PAGE_SIZE * 2 }, textLength), decodeStoredEvent);
}
