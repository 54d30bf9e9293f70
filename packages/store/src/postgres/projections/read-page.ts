import { LedgerError, MAX_INT63 } from "@eventchain/core";
import { statement } from "../load-statement.ts";
import { searchOf } from "../query-events.ts";
import { type Queryable, runRows } from "../run-rows.ts";
import type { EventPage, PageEvent, PageRequest } from "./port.ts";

const pageSql = statement("projection-page");

type PageRow = { bound: bigint; found: number } & (PageEvent | { position: null });

/** The first events past a position that meet a query, and how far they go; see `EventPage`. */
export async function readPage(
  database: Queryable,
  ledgerId: bigint,
  { after, level, query, limit, maxBytes, to = MAX_INT63 }: PageRequest,
): Promise<EventPage> {
  // No event meets a query of no items: the page still tells how far it goes.
  const search = searchOf({ query }) ?? { items: [] };
  const rows = await runRows<PageRow>(database, pageSql, [
    ledgerId,
    after,
    level,
    JSON.stringify(search),
    limit,
    maxBytes,
    to,
  ]);
  const [first] = rows;
  if (first === undefined)
    throw new LedgerError("ledger-not-found", "there is no such ledger", { values: { ledgerId } });
  const { found } = first;
  const bound = first.bound < to ? first.bound : to;
  const events: PageEvent[] = [];
  for (const row of rows) if (row.position !== null) events.push(row);
  const last = events.at(-1);
  const isCut = events.length < found || found >= limit;
  const through = isCut && last !== undefined ? last.position : bound;
  return { events, through: through > after ? through : after, bound };
}
