import { LedgerError } from "@eventchain/core";
import pg from "pg";
import { checkBound } from "../check-bound.ts";
import type {
  AppendOutcome,
  AppendRequest,
  EventStore,
  LedgerRecord,
  ReadBatchesOptions,
  StoredEvent,
  Watermarks,
} from "../port.ts";
import { eachOf } from "../read-pages.ts";
import { appendEvents } from "./append-events.ts";
import { openAppendLanes } from "./append-lanes.ts";
import { checkSchema } from "./check-schema.ts";
import { countEvents } from "./count-events.ts";
import { createLedger } from "./create-ledger.ts";
import { decodeReadEvent, decodeStoredEvent, type EventRow } from "./decode-event-row.ts";
import { findCommand, knownCommands } from "./find-command.ts";
import { findEvent } from "./find-event.ts";
import { keepSchemas, keptSchemas } from "./keep-schemas.ts";
import { statement } from "./load-statement.ts";
import { look } from "./look.ts";
import type { WithinAppend } from "./projections/port.ts";
import { readAllPages, readStreamPages } from "./read-events.ts";
import { runRows } from "./run-rows.ts";

/** A pool of the application's own, which it closes itself and whose `error` events it hears; or where to connect to. */
export type PostgresStoreOptions =
  | { pool: pg.Pool }
  | {
      connectionString: string;
      /** Default 10. Appends have as many of their own, of which each ledger uses one. */
      maxConnections?: number;
    };

export interface PostgresStore extends EventStore {
  readonly pool: pg.Pool;
  /** As `EventStore.append`. @param within is run in the call's transaction, once its events are there. */
  append(ledgerId: bigint, requests: readonly AppendRequest[], within?: WithinAppend): Promise<AppendOutcome[]>;
}

const findLedgerSql = statement("find-ledger");
const listLedgersSql = statement("list-ledgers");
const readHeadSql = statement("read-head");
const hashAtSql = statement("hash-at");
const readWatermarksSql = statement("read-watermarks");

function makePool(connectionString: string, maxConnections: number, pipeline = false): pg.Pool {
  const pool = new pg.Pool({
    connectionString,
    max: maxConnections,
    pipeline,
    keepAlive: true,
    fallback_application_name: "eventchain",
  });
  // A connection that breaks: the pool makes another. Unheard, it would end the process; and the pool itself hears it only
  // while the connection is idle, not between a new one's first answer and its first user.
  pool.on("error", () => undefined);
  pool.on("connect", (client) => client.on("error", () => undefined));
  return pool;
}

function expectLedger<T>(row: T | undefined, ledgerId: bigint): T {
  if (row !== undefined) return row;
  throw new LedgerError("ledger-not-found", "there is no such ledger", { values: { ledgerId } });
}

/**
 * The event store of a migrated Postgres database. Nothing is connected before the first call, which also checks the
 * server and the schema once: `not-migrated`, `database-refused`. Works behind PgBouncer in transaction mode.
 * `close` ends the pool that was made for the store; a pool that was given stays open.
 */
export function openPostgresStore(options: PostgresStoreOptions): PostgresStore {
  const own = "pool" in options ? undefined : makePool(options.connectionString, options.maxConnections ?? 10);
  const pool = "pool" in options ? options.pool : (own as pg.Pool);
  // A group of appends is sent while the last one is being recorded: so the server never waits for the next.
  const ownAppends =
    "pool" in options ? undefined : makePool(options.connectionString, options.maxConnections ?? 10, true);
  const lanes = openAppendLanes(ownAppends ?? pool, ownAppends !== undefined);
  const appendDeps = { pool, lanes, names: { areUsed: true } };
  let checked: Promise<void> | undefined;
  const ready = (): Promise<void> => {
    checked ??= checkSchema(pool).catch((error: unknown) => {
      // Asked again by the next call: the database may have been migrated, or be back, by then.
      checked = undefined;
      throw error;
    });
    return checked;
  };
  const ask = async <Row>(text: string, values: readonly unknown[]): Promise<Row | undefined> => {
    await ready();
    return (await runRows<Row>(pool, text, values))[0];
  };
  async function* pagesOf(
    ledgerId: bigint,
    wholeRows: boolean,
    read: ReadBatchesOptions,
  ): AsyncGenerator<EventRow[], void, undefined> {
    await ready();
    const source = { pool, ledgerId, wholeRows };
    yield* read.stream === undefined ? readAllPages(source, read) : readStreamPages(source, read.stream, read);
  }
  const readStored = (ledgerId: bigint, read: ReadBatchesOptions): AsyncIterable<StoredEvent> =>
    eachOf(pagesOf(ledgerId, true, read), decodeStoredEvent, read.signal);
  return {
    pool,
    async createLedger(input) {
      await ready();
      return createLedger(pool, input);
    },
    findLedger: (origin) => ask<LedgerRecord>(findLedgerSql, [origin]),
    async listLedgers() {
      await ready();
      return runRows<LedgerRecord>(pool, listLedgersSql, []);
    },
    async append(ledgerId, requests, within) {
      await ready();
      return appendEvents(appendDeps, ledgerId, requests, within);
    },
    readStream: (ledgerId, stream, read = {}) => readStored(ledgerId, { ...read, stream }),
    readAll: (ledgerId, read = {}) => readStored(ledgerId, read),
    async *readBatches(ledgerId, read = {}) {
      for await (const page of pagesOf(ledgerId, false, read)) yield page.map(decodeReadEvent);
    },
    async findEvent(ledgerId, by, scope = {}) {
      await ready();
      return findEvent(pool, ledgerId, by, scope);
    },
    async count(ledgerId, read = {}) {
      await ready();
      return countEvents(pool, ledgerId, read);
    },
    async look(ledgerId, contexts) {
      await ready();
      return look(pool, ledgerId, contexts);
    },
    async head(ledgerId) {
      return expectLedger(await ask<{ position: bigint; hash: Uint8Array }>(readHeadSql, [ledgerId]), ledgerId);
    },
    async hashAt(ledgerId, position) {
      checkBound(position, "position");
      const row = await ask<{ hash: Uint8Array | null }>(hashAtSql, [ledgerId, position]);
      return expectLedger(row, ledgerId).hash ?? undefined;
    },
    async watermarks(ledgerId) {
      return expectLedger(await ask<Watermarks>(readWatermarksSql, [ledgerId]), ledgerId);
    },
    async findCommand(ledgerId, commandId) {
      await ready();
      return findCommand(pool, ledgerId, commandId);
    },
    async knownCommands(ledgerId, commandIds) {
      await ready();
      return knownCommands(pool, ledgerId, commandIds);
    },
    async keptSchemas(ledgerId, of) {
      await ready();
      return keptSchemas(pool, ledgerId, of);
    },
    async keepSchemas(ledgerId, schemas) {
      await ready();
      return keepSchemas(pool, ledgerId, schemas);
    },
    async close() {
      await Promise.all([own?.end(), ownAppends?.end()]);
    },
  };
}
