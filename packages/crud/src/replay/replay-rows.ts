import { canonicalJson, LedgerError } from "@eventchain/core";
import type { LedgerEvent, LedgerReads } from "@eventchain/ledger";
import { eventTypes } from "../map/map-schema.ts";
import type { CrudMap } from "../map/types.ts";
import { digestChange } from "../rows/digest-change.ts";
import { rowModel } from "../rows/row-events.ts";
import { decodeRow, type EncodedRow } from "../values/encode-value.ts";
import type { SqlRow } from "../values/sql-value.ts";
import { type LedgerRow, openRowStore, type RowStore } from "./row-store.ts";

/** The rows that a ledger's events give, by table. They are kept on disk until this is closed. */
export interface ReplayedRows extends Disposable {
  /** Of what position on nothing was read. */
  readonly position: bigint;
  /** The rows of one of the map's tables, in no order. Errors: LedgerError `not-found` for another table. */
  rows(table: string): IterableIterator<SqlRow>;
}

/** Replays the events of a map's tables to rows. `to`: as of that position, inclusive. */
export async function replayRows(
  ledger: Pick<LedgerReads, "readAll">,
  map: CrudMap,
  options: { to?: bigint | undefined; signal?: AbortSignal | undefined } = {},
): Promise<ReplayedRows> {
  const store = openRowStore();
  try {
    const position = await replayInto(store, ledger, map, { after: 0n, ...options });
    return {
      position,
      rows: (table) => {
        const index = map.tables.findIndex(({ name }) => name === table);
        if (index === -1) throw new LedgerError("not-found", `the map has no table ${JSON.stringify(table)}`);
        return decodeRows(store, index);
      },
      [Symbol.dispose]: () => store.close(),
    };
  } catch (error) {
    store.close();
    throw error;
  }
}

function* decodeRows(store: RowStore, table: number): Generator<SqlRow> {
  for (const { image, erased } of store.rows(table)) if (image !== null && !erased) yield decodeRow(image);
}

/**
 * Folds a ledger's events after a position into the rows of a store.
 * @returns the position of the last one
 * @throws LedgerError `invalid-event`: an event of these types is none of an import
 */
export async function replayInto(
  store: RowStore,
  ledger: Pick<LedgerReads, "readAll">,
  map: CrudMap,
  options: {
    after: bigint;
    to?: bigint | undefined;
    signal?: AbortSignal | undefined;
    onEvent?: (() => void) | undefined;
  },
): Promise<bigint> {
  const { after, to, signal, onEvent } = options;
  const tables = map.tables.map((table) => rowModel(table).model);
  const tableOf = new Map(
    map.tables.flatMap((table, index) => Object.values(eventTypes(table)).map((type) => [type, index])),
  );
  const wholeTypes = new Set(map.tables.flatMap((table) => [eventTypes(table).created, eventTypes(table).deleted]));
  const query = [{ types: [...tableOf.keys()] }];
  let position = after;
  for await (const event of ledger.readAll({ after, to, query, signal })) {
    const table = tableOf.get(event.type) ?? -1;
    const before = store.find(event.stream);
    if (before !== undefined && before.table !== table) throw mixed(event);
    const known = before ?? { table, stream: event.stream, key: null, image: null, events: 0, erased: false };
    const row = foldEvent(known, event, tables[table], wholeTypes.has(event.type));
    store.put(row);
    if (map.tables[table]?.history !== undefined) keepDigest(store, event, row.events);
    position = event.position;
    onEvent?.();
  }
  return position;
}

function foldEvent(
  row: LedgerRow,
  event: LedgerEvent,
  model: ReturnType<typeof rowModel>["model"] | undefined,
  isWhole: boolean,
): LedgerRow {
  const events = row.events + 1;
  const { data } = event;
  if (data === null) return { ...row, events, image: null, erased: true };
  const key = isFields(data.key) ? canonicalJson(data.key) : undefined;
  if (key === undefined || model === undefined) throw notOfImport(event);
  // One that creates or deletes a row needs none before it.
  const erased = row.erased && !isWhole;
  if (erased) return { ...row, key, events };
  try {
    const image = model.apply(row.image, { ...event, data });
    return { ...row, key, image, events, erased };
  } catch (cause) {
    throw notOfImport(event, cause);
  }
}

/** So that the history can be told from another one that leads to the same row. */
function keepDigest(store: RowStore, { stream, data, metadata }: LedgerEvent, event: number): void {
  if (data === null || metadata === null) return;
  const { key: _, ...content } = data;
  const { occurredAt, actor } = metadata as { occurredAt?: string; actor?: string };
  store.putDigest(stream, event, digestChange({ content, occurredAt, actor }));
}

function isFields(value: unknown): value is EncodedRow {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function notOfImport({ type, position }: LedgerEvent, cause?: unknown): LedgerError {
  const message = `event ${JSON.stringify(type)} at position ${position} is not one that an import made: give the map's table another entity or types`;
  return new LedgerError("invalid-event", message, { values: { type, position }, cause });
}

function mixed({ stream, position }: LedgerEvent): LedgerError {
  const message = `stream ${JSON.stringify(stream)} has rows of two tables of the map, at position ${position} of the second`;
  return new LedgerError("invalid-event", message, { values: { stream, position } });
}
