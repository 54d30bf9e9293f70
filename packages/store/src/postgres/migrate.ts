import { LedgerError } from "@eventchain/core";
import pg from "pg";
import { checkServer } from "./check-server.ts";
import { type Migration, migrations } from "./list-migrations.ts";
import { statement } from "./load-statement.ts";
import { mapDatabaseError } from "./map-database-error.ts";

const lock = statement("migrate-lock");
// Who may connect may take the lock, and keep it: nobody waits for it in silence.
const lockTimeout = statement("migrate-lock-timeout");
const hasSchema = statement("migrate-has-schema");
const createTable = statement("migrate-create-table");
const selectApplied = statement("migrate-applied");
const record = statement("migrate-record");

/** How often one migration is begun again after it met another database's migration in the cluster's own catalogs. */
const maxAttempts = 10;

interface Applied {
  version: number;
  name: string;
  checksum: string;
}

async function readApplied(client: pg.ClientBase): Promise<Applied[]> {
  await client.query(lockTimeout);
  await client.query(lock);
  const { rows } = await client.query<{ hasSchema: boolean; hasTable: boolean }>(hasSchema);
  if (rows[0]?.hasSchema !== true) await client.query("create schema eventchain");
  if (rows[0]?.hasTable !== true) await client.query(createTable);
  return (await client.query<Applied>(selectApplied)).rows;
}

function checkUnedited(applied: readonly Applied[]): void {
  for (const row of applied) {
    const migration = migrations.find(({ version }) => version === row.version);
    if (migration === undefined || migration.checksum === row.checksum) continue;
    throw new LedgerError("database-refused", `migration ${migration.name} was edited after it had been applied here`, {
      values: { migration: migration.name, applied: row.checksum, found: migration.checksum },
    });
  }
}

/**
 * The oldest migration that is missing, in one transaction.
 *
 * 1. commit: the migration and its row are there. A restart before it finds neither, after it goes on with the next.
 */
async function applyNext(client: pg.ClientBase): Promise<Migration | number> {
  await client.query("begin isolation level read committed");
  try {
    const applied = await readApplied(client);
    checkUnedited(applied);
    const newest = applied.at(-1)?.version ?? 0;
    const next = migrations.find(({ version }) => version > newest);
    if (next !== undefined) {
      await client.query(next.sql);
      await client.query(record, [next.version, next.name, next.checksum]);
    }
    await client.query("commit");
    return next ?? newest;
  } catch (error) {
    await client.query("rollback").catch(() => undefined);
    throw error;
  }
}

/** Two databases of one cluster that migrate at once meet in its shared catalogs: roles, and dependencies on them. */
function metAnother(error: unknown): boolean {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return (code === "XX000" && /tuple concurrently (updated|deleted)/.test(String(message))) || code === "40P01";
}

async function applyNextWithPatience(client: pg.ClientBase): Promise<Migration | number> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await applyNext(client);
    } catch (error) {
      if (!metAnother(error) || attempt === maxAttempts) throw error;
    }
  }
}

async function applyAll(client: pg.ClientBase): Promise<{ applied: string[]; version: number }> {
  await checkServer(client);
  const applied: string[] = [];
  for (;;) {
    const step = await applyNextWithPatience(client);
    if (typeof step === "number") return { applied, version: step };
    applied.push(step.name);
  }
}

function withHint(error: unknown): LedgerError {
  const mapped = mapDatabaseError(error);
  const hint = (error as { hint?: unknown }).hint;
  if (typeof hint !== "string") return mapped;
  return new LedgerError(mapped.code, `${mapped.message}. ${hint}`, { values: mapped.values, cause: error });
}

/**
 * Brings a database to this package's schema: each numbered migration in a transaction of its own, under a lock, so
 * that it may run from several processes at once and again at any time. Gives the names applied now and the version
 * reached, which is greater than this package's if a newer one was here before.
 *
 * The user must own the database or may create a schema in it; roles are made where they are missing. Errors:
 * `database-refused` (an edited migration, a missing privilege, a server before 16, another encoding than UTF8),
 * `database-unavailable`, `config-invalid`.
 */
export async function migrate(database: pg.Pool | string): Promise<{ applied: string[]; version: number }> {
  let own: pg.Client | undefined;
  try {
    if (typeof database === "string") {
      own = new pg.Client({ connectionString: database });
      own.on("error", () => undefined);
      await own.connect();
      return await applyAll(own);
    }
    const client = await database.connect();
    try {
      return await applyAll(client);
    } finally {
      client.release();
    }
  } catch (error) {
    throw withHint(error);
  } finally {
    await own?.end().catch(() => undefined);
  }
}
