import { LedgerError, MAX_INT63 } from "@eventchain/core";
import type { EventQuery } from "../../port.ts";
import { decodeEventColumns, type EventRow } from "../decode-event-row.ts";
import { statement } from "../load-statement.ts";
import { mapDatabaseError } from "../map-database-error.ts";
import { searchOf } from "../query-events.ts";
import { type Queryable, queryTexts } from "../run-rows.ts";
import type { EventPage, PageEvent, PageRequest } from "./port.ts";

const pageSql = statement("projection-page");
const densePageSql = statement("projection-page-dense");

/** Positions that are looked at for each event of a dense page. */
const SPAN = 4;
/** Columns before those of the event: the bound, how far was looked, and what tells whether bytes have ended the page. */
const LOOK_COLUMNS = 3;

/** The first events past a position that meet a query, and how far they go; see `EventPage`. */
export async function readPage(
  database: Queryable,
  ledgerId: bigint,
  { after, level, query, limit, maxBytes, to = MAX_INT63, isDense = false }: PageRequest,
): Promise<EventPage> {
  const types = isDense ? typesOf(query) : undefined;
  // No event meets a query of no items: the page still tells how far it goes.
  const how = types ?? JSON.stringify(searchOf({ query }) ?? { items: [] });
  const values = [ledgerId, after, level, how, limit, maxBytes, to];
  const rows =
    types === undefined
      ? await readRows(database, pageSql, values)
      : await readRows(database, densePageSql, [...values, limit * SPAN]);
  const [first] = rows;
  if (first === undefined)
    throw new LedgerError("ledger-not-found", "there is no such ledger", { values: { ledgerId } });
  const [bound, looked] = [BigInt(first[0] as string), BigInt(first[1] as string)];
  const events: PageEvent[] = [];
  for (const row of rows) if (row[LOOK_COLUMNS] !== null) events.push(decodeEventColumns(row, LOOK_COLUMNS));
  events.sort(byPosition);
  const last = events.at(-1);
  const isFull = types === undefined ? Number(first[2]) > events.length : bytesOf(rows) >= maxBytes;
  const isCut = isFull || events.length >= limit;
  const end = looked < to ? looked : to;
  const through = isCut && last !== undefined ? last.position : end;
  return { events, through: through > after ? through : after, bound: bound < to ? bound : to };
}

function byPosition(one: PageEvent, other: PageEvent): number {
  return one.position < other.position ? -1 : 1;
}

/** Of all the events of a dense page. */
function bytesOf(rows: readonly EventRow[]): number {
  return rows.reduce((most, row) => Math.max(most, Number(row[2])), 0);
}

/** The types that a query asks for, where it asks for nothing else. */
function typesOf(query: EventQuery): readonly string[] | undefined {
  if (query === "all" || query.length !== 1) return undefined;
  const [{ types, streams, tags } = {}] = query;
  return streams === undefined && tags === undefined ? types : undefined;
}

async function readRows(database: Queryable, text: string, values: readonly unknown[]): Promise<EventRow[]> {
  try {
    return await queryTexts(database, text, values);
  } catch (error) {
    throw mapDatabaseError(error);
  }
}
