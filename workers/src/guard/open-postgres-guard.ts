import { readFileSync } from "node:fs";
import { mapDatabaseError } from "@eventchain/store";
import pg from "pg";
import type { Guard } from "./guard.ts";
import { takenByAnother } from "./open-file-guard.ts";

function statement(name: string): string {
  return readFileSync(new URL(`./${name}.sql`, import.meta.url), "utf8");
}

const createSql = statement("create-heads");
const readSql = statement("read-head");
const insertSql = statement("insert-head");
const updateSql = statement("update-head");

/** An answer that takes longer than this comes from a connection gone silent, and all sealing would wait for it. */
const QUERY_TIMEOUT_MS = 10_000;

/** One transaction whose commit waits for the disk, whatever that database's default is. */
async function run(pool: pg.Pool, text: string, values: unknown[]): Promise<number> {
  const client = await pool.connect();
  let failed = true;
  try {
    await client.query("begin");
    await client.query("set local synchronous_commit = on");
    const result = await client.query(text, values);
    await client.query("commit");
    failed = false;
    return result.rowCount ?? 0;
  } finally {
    client.release(failed);
  }
}

async function createTable(pool: pg.Pool): Promise<void> {
  // Two sealers may start at once: creating a schema that is just being created is an error even with "if not exists".
  const client = await pool.connect();
  try {
    await client.query("begin");
    await client.query("select pg_advisory_xact_lock(hashtextextended('eventchain guard', 0))");
    await client.query("create schema if not exists eventchain_guard");
    await client.query(createSql);
    await client.query("commit");
  } finally {
    client.release(true);
  }
}

/**
 * A guard in a Postgres database, for sealers on several hosts. It must not be restored together with the ledger's
 * database, and so be another one. Makes its table, in schema `eventchain_guard`, at the first use.
 *
 * A statement that is not answered within 10 s fails, and its connection is given up; what it wrote may stand: the next
 * `read` tells.
 *
 * Errors of its methods: LedgerError, as `mapDatabaseError` names them.
 */
export function openPostgresGuard(connectionString: string, options: { queryTimeoutMs?: number } = {}): Guard {
  const pool = new pg.Pool({
    connectionString,
    max: 4,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    query_timeout: options.queryTimeoutMs ?? QUERY_TIMEOUT_MS,
  });
  // A connection that is lost, idle or in use: the next statement takes another one. Unheard, it would end the process.
  pool.on("error", () => undefined);
  pool.on("connect", (client) => client.on("error", () => undefined));
  let created: Promise<void> | undefined;
  const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      created ??= createTable(pool);
      await created;
      return await work();
    } catch (error) {
      created = undefined;
      throw mapDatabaseError(error);
    }
  };
  return {
    read: (origin) =>
      guarded(async () => {
        const { rows } = await pool.query<{ size: string; root: Buffer }>(readSql, [origin]);
        const [row] = rows;
        return row === undefined ? undefined : { size: BigInt(row.size), root: row.root };
      }),
    write: (origin, next, previous) =>
      guarded(async () => {
        const values = [origin, next.size, next.root];
        const written =
          previous === undefined
            ? await run(pool, insertSql, values)
            : await run(pool, updateSql, [...values, previous.size, previous.root]);
        if (written === 0) throw takenByAnother(origin);
      }),
    close: () => pool.end(),
  };
}
