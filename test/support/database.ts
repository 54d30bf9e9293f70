import { createHash, randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { migrate } from "@eventchain/store";
import pg from "pg";

/** The server that tests make their databases on; its user may create databases and roles. See global-setup.ts. */
const serverUrl: string = namedServer();

function namedServer(): string {
  const url = process.env.TEST_DATABASE_URL;
  if (url === undefined) throw new Error("TEST_DATABASE_URL is not set: run these tests by npm test");
  return url;
}

export interface TestDatabase {
  url: string;
  pool: pg.Pool;
  /** Closes the pool and drops the database, whoever is still connected. */
  drop(): Promise<void>;
}

/** The URL of another database, or another user, on the test server. */
export function urlOf(database: string, user?: string, password = ""): string {
  const url = new URL(serverUrl);
  url.pathname = `/${database}`;
  if (user !== undefined) {
    url.username = user;
    url.password = password;
  }
  return url.toString();
}

/** Runs one statement in the server's own database. */
export async function onServer(sql: string, values: unknown[] = []): Promise<void> {
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  try {
    await client.query(sql, values);
  } finally {
    await client.end();
  }
}

/** Named after the migrations' text, so that every test file, and the next run, finds the same one. */
function templateName(): string {
  const folder = new URL("../../packages/store/src/postgres/migrations/", import.meta.url);
  const digest = createHash("sha256");
  for (const file of readdirSync(folder).sort()) digest.update(file).update(readFileSync(new URL(file, folder)));
  return `eventchain_template_${digest.digest("hex").slice(0, 16)}`;
}

/** Makes the template unless another process has: under a lock, and under its final name only once it is migrated. */
async function makeTemplate(name: string): Promise<void> {
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  try {
    await client.query("select pg_advisory_lock(hashtextextended($1::text, 0::bigint))", [name]);
    const existing = await client.query("select from pg_database where datname = $1::text", [name]);
    if (existing.rowCount !== 0) return;
    const draft = `${name}_draft`;
    await client.query(`drop database if exists ${draft} with (force)`);
    // A collation that sorts unlike bytes, where the server has one: what should compare bytewise shows that it does.
    const icu = await client.query("select from pg_collation where collprovider = 'i' limit 1");
    const locale = icu.rowCount === 0 ? "" : "locale_provider icu icu_locale 'en-US' locale 'C'";
    await client.query(`create database ${draft} template template0 encoding 'UTF8' ${locale}`);
    await migrate(urlOf(draft));
    await client.query(`alter database ${draft} rename to ${name}`);
  } finally {
    await client.end();
  }
}

let template: Promise<string> | undefined;

async function findTemplate(): Promise<string> {
  const name = templateName();
  await makeTemplate(name);
  return name;
}

async function createDatabase(source: string): Promise<TestDatabase> {
  const name = `eventchain_test_${randomBytes(8).toString("hex")}`;
  await onServer(`create database ${name} template ${source}`);
  const url = urlOf(name);
  const pool = new pg.Pool({ connectionString: url, max: 10 });
  pool.on("error", () => undefined);
  // The pool hears only idle connections: one that is cut just when it was made would end the process.
  pool.on("connect", (client) => client.on("error", () => undefined));
  return {
    url,
    pool,
    async drop() {
      await pool.end();
      await onServer(`drop database if exists ${name} with (force)`);
    },
  };
}

/** A fresh, migrated database. */
export async function createTestDatabase(): Promise<TestDatabase> {
  template ??= findTemplate();
  return createDatabase(await template);
}

/** A fresh database with nothing in it. */
export async function createEmptyDatabase(): Promise<TestDatabase> {
  return createDatabase("template0");
}
