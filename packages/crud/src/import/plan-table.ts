import { bytesToHex, LedgerError, sha256, utf8 } from "@eventchain/core";
import { type AppendOptions, checkAppend, type EventInput, type Instant, parseInstant } from "@eventchain/ledger";
import type { FittedTable } from "../map/fit-map.ts";
import { readTime } from "../map/read-time.ts";
import { timeColumn } from "../map/types.ts";
import type { LedgerRow, RowStore } from "../replay/row-store.ts";
import { diffRows, type RowChange, type RowImage } from "../rows/diff-rows.ts";
import { digestChange, type ToldChange } from "../rows/digest-change.ts";
import { RowError, type RowKey, readImage, readKey, readStream, readTags } from "../rows/read-row.ts";
import type { TableSource } from "../sources/types.ts";
import { decodeRow, type EncodedRow, encodeRow } from "../values/encode-value.ts";
import { nameText } from "../values/read-text.ts";
import type { SqlRow } from "../values/sql-value.ts";

/** An event that the ledger lacks. */
export interface PlannedEvent {
  readonly kind: RowChange["kind"];
  readonly stream: string;
  readonly event: EventInput;
  readonly options: AppendOptions;
  /** Of its data. */
  readonly bytes: number;
  /** For messages. */
  readonly row: string;
}

/** What becomes of one row of a source. */
export type PlannedRow =
  | PlannedEvent
  /** It changes nothing. */
  | { readonly kind: "no-op" }
  /** The ledger has it. */
  | { readonly kind: "there" }
  /** Nobody knows what the ledger had of it, since that was erased. */
  | { readonly kind: "erased" }
  | BadPlan;

/** It cannot be recorded. */
export interface BadPlan {
  readonly kind: "bad";
  readonly row: string;
  readonly message: string;
  /** The stream of an entity whose history is not the one that was imported. */
  readonly otherHistoryOf?: string | undefined;
}

const TO_DO =
  "give the history and the map as they were imported, or import this one as another entity, with streams of its own";

interface Entity {
  readonly key: RowKey;
  readonly stream: string;
  readonly stored: LedgerRow | undefined;
  /** What its rows have made of it so far; without history, what the ledger has. */
  image: RowImage;
  /** How many events its rows have made so far; without history, how many the ledger has. */
  events: number;
  lastOrder: string | undefined;
  lastMicros: bigint | undefined;
}

export interface PlanDeps {
  readonly source: TableSource;
  /** The ledger's rows. Each stream is marked as seen: `beginPass` comes before. */
  readonly store: RowStore;
  /** The table's place in the map. */
  readonly index: number;
}

/** What becomes of each row of a table, in the source's order. Without a change of ledger or source, always the same. */
export async function* planTable(deps: PlanDeps, table: FittedTable): AsyncGenerator<PlannedRow> {
  const { source } = deps;
  const { columns } = table.from;
  const order = { key: table.key, within: table.history?.order ?? [] };
  let entity: Entity | { key: RowKey; problem: string } | undefined;
  for await (const cells of source.rows(table.from.table, columns, order)) {
    const row: SqlRow = new Map(columns.map((column, at) => [column, cells[at] ?? null]));
    const key = readKey(table, row);
    if (entity?.key.text !== key.text || table.history === undefined) {
      const shortened = entity && "stream" in entity ? missingHistory(table, entity) : undefined;
      if (shortened !== undefined) yield shortened;
      entity = openEntity(deps, table, row, key);
    }
    const name = `${table.name} ${key.shown}`;
    if ("problem" in entity) yield { kind: "bad", row: name, message: entity.problem };
    else yield planRow(deps, table, entity, row, name);
  }
  const shortened = entity && "stream" in entity ? missingHistory(table, entity) : undefined;
  if (shortened !== undefined) yield shortened;
}

/** What becomes of the ledger's rows that a table has no longer, after each row of it was planned. */
export function* planDeletions(deps: PlanDeps, table: FittedTable): Generator<PlannedRow> {
  for (const row of deps.store.unseen(deps.index)) {
    const values = decodeRow(row.image ?? {});
    const key = { forms: JSON.parse(row.key ?? "{}") as EncodedRow, text: row.key ?? "", shown: row.key ?? "" };
    const entity = { key, stream: row.stream, stored: row, image: row.image, events: row.events };
    const name = `${table.name} ${row.key}`;
    yield within(name, () => toEvent(deps, table, { entity, change: { kind: "deleted" }, row: values, name }));
  }
}

function openEntity(
  { store, index }: PlanDeps,
  table: FittedTable,
  row: SqlRow,
  key: RowKey,
): Entity | { key: RowKey; problem: string } {
  try {
    const stream = readStream(table, row);
    const stored = store.find(stream);
    const shown = JSON.stringify(stream);
    if (!store.see(stream))
      return { key, problem: `has the stream ${shown}, as another row has: its key tells too little` };
    if (stored !== undefined && (stored.table !== index || (stored.key !== null && stored.key !== key.text)))
      return { key, problem: `has the stream ${shown}, in which the ledger has another row` };
    const elsewhere = stored === undefined ? store.findKey(index, key.text) : undefined;
    if (elsewhere !== undefined)
      return {
        key,
        problem: `is in stream ${JSON.stringify(elsewhere.stream)} of the ledger, and the map says ${shown}`,
      };
    const begins = table.history === undefined ? stored : undefined;
    const known = { image: begins?.image ?? null, events: begins?.events ?? 0 };
    return { key, stream, stored, ...known, lastOrder: undefined, lastMicros: undefined };
  } catch (error) {
    if (error instanceof RowError) return { key, problem: error.message };
    throw error;
  }
}

function planRow(deps: PlanDeps, table: FittedTable, entity: Entity, row: SqlRow, name: string): PlannedRow {
  return within(name, () => {
    const { stored } = entity;
    if (table.history === undefined && stored?.erased === true) return { kind: "erased" };
    if (table.history !== undefined) checkOrder(deps, table, entity, row);
    const after = readImage(table, row);
    const change = diffRows(entity.image, after);
    entity.image = after;
    if (change === undefined) return { kind: table.history === undefined ? "there" : "no-op" };
    const planned = { entity: { ...entity }, change, row, name };
    entity.events += 1;
    if (table.history === undefined || stored === undefined || entity.events > stored.events)
      return toEvent(deps, table, planned);
    // What is erased of the ledger is compared with nothing.
    const imported = deps.store.digest(entity.stream, entity.events);
    if (imported !== undefined && imported !== digestChange(tellChange(table, change, row)))
      return otherHistory(entity, name);
    return { kind: "there" };
  });
}

function otherHistory({ stream, events }: Entity, row: string): BadPlan {
  const message = `has another history than the ledger: its change ${events} is not the one that was imported (values, time or actor differ): ${TO_DO}`;
  return { kind: "bad", row, message, otherHistoryOf: stream };
}

/** A history that has fewer changes than the ledger is another one, or a part of it was thrown away. */
function missingHistory({ name }: FittedTable, { key, stream, stored, events }: Entity): BadPlan | undefined {
  if (stored === undefined || events >= stored.events) return undefined;
  const message = `has ${events} changes, and the ledger has ${stored.events} of it: its history was shortened or replaced: ${TO_DO}`;
  return { kind: "bad", row: `${name} ${key.shown}`, message, otherHistoryOf: stream };
}

function checkOrder({ source }: PlanDeps, table: FittedTable, entity: Entity, row: SqlRow): void {
  const order = orderOf(table, row);
  if (!source.ordered && order === entity.lastOrder)
    throw new RowError(`comes twice at ${order}: give history.order columns that tell which change was first`);
  entity.lastOrder = order;
  if (table.history?.byTime !== true) return;
  const micros = timeOf(table, row)?.micros;
  if (micros !== undefined && entity.lastMicros !== undefined && micros < entity.lastMicros)
    throw new RowError("is earlier than the change before it, though it sorts after it: give history.order");
  entity.lastMicros = micros;
}

function orderOf({ history }: FittedTable, row: SqlRow): string {
  return JSON.stringify(encodeRow(new Map(history?.order.map((column) => [column, row.get(column) ?? null]))));
}

function timeOf({ time, timeZone, history }: FittedTable, row: SqlRow): Instant | undefined {
  if (time === undefined) return undefined;
  const column = timeColumn(time);
  const value = row.get(column) ?? null;
  if (value === null && history !== undefined) throw new RowError(`has NULL in ${JSON.stringify(column)}, its time`);
  try {
    return readTime(value, typeof time === "string" ? undefined : time.unit, timeZone);
  } catch (error) {
    if (error instanceof LedgerError) throw new RowError(`column ${JSON.stringify(column)}: ${error.message}`);
    throw error;
  }
}

interface ToPlan {
  readonly entity: Pick<Entity, "key" | "stream" | "events">;
  readonly change: RowChange;
  readonly row: SqlRow;
  readonly name: string;
}

function tellChange(table: FittedTable, change: RowChange, row: SqlRow): ToldChange {
  const { kind: _, ...content } = change;
  const time =
    table.time !== undefined && isTold(table, change, timeColumn(table.time)) ? timeOf(table, row) : undefined;
  const tellsActor = table.actor !== undefined && isTold(table, change, table.actor);
  return {
    content,
    // As an append writes it.
    occurredAt: time && parseInstant(time.text).text,
    actor: tellsActor ? nameText(row.get(table.actor ?? "") ?? null) || undefined : undefined,
  };
}

/**
 * Whether a column of a row says something of the change. Without history the row of a change may be an old one, with the time
 * and actor of something before: they are the change's only where it wrote them. One that is gone tells nothing.
 */
function isTold({ history }: FittedTable, change: RowChange, column: string): boolean {
  if (history !== undefined || change.kind === "created") return true;
  return change.kind === "changed" && Object.hasOwn(change.changes, column);
}

function toEvent({ source }: PlanDeps, table: FittedTable, { entity, change, row, name }: ToPlan): PlannedEvent {
  const { key, stream, events } = entity;
  const { kind } = change;
  const { content, occurredAt, actor } = tellChange(table, change, row);
  const data = { key: key.forms, ...content };
  const order = table.history?.order ?? [];
  const place = order.length === 0 ? {} : { row: JSON.parse(orderOf(table, row)) as EncodedRow };
  const options = {
    occurredAt,
    actor,
    metadata: { source: { ...source.identity, table: table.from.table, ...place } },
    // Of an entity's events each has its number: the same event is recorded once, and never another in its place.
    commandId: `crud/${bytesToHex(sha256(utf8(stream)))}/${events + 1}`,
  };
  const event = { type: table.types[kind], data, tags: readTags(table.tags, row) };
  try {
    checkAppend(stream, event, options);
  } catch (error) {
    throw error instanceof LedgerError ? describe(error, content) : error;
  }
  return { kind, stream, event, options, bytes: Buffer.byteLength(JSON.stringify(data)), row: name };
}

function describe(error: LedgerError, content: object): unknown {
  if (error.code !== "too-large") return new RowError(error.message);
  const fields = Object.entries(Object.values(content)[0] as object);
  const sizes = fields.map(([field, value]) => ({ field, bytes: Buffer.byteLength(JSON.stringify(value)) }));
  const [largest] = sizes.sort((one, other) => other.bytes - one.bytes);
  const where = JSON.stringify(largest?.field);
  return new RowError(
    `is too large for an event, by column ${where} of ${largest?.bytes} bytes in JSON: name it in digest (its SHA-256 is kept) or leaveOut`,
  );
}

function within(row: string, plan: () => PlannedRow): PlannedRow {
  try {
    return plan();
  } catch (error) {
    if (error instanceof RowError) return { kind: "bad", row, message: error.message };
    throw error;
  }
}
