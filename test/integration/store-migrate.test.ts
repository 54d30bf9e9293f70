import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RunningPostgres, startPostgres } from "@eventchain/devstack";
import { migrate, openPostgresStore } from "@eventchain/store";
import { describeSchema } from "@eventchain/store/testing";
import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { createEmptyDatabase, createTestDatabase, onServer, type TestDatabase, urlOf } from "../support/database.ts";

const databases: TestDatabase[] = [];
async function kept(database: Promise<TestDatabase>): Promise<TestDatabase> {
  databases.push(await database);
  return database;
}
afterEach(async () => {
  for (const database of databases.splice(0)) await database.drop();
});

describe("migrating", () => {
  test("applies every migration once, by URL or by pool", async () => {
    const { url, pool } = await kept(createEmptyDatabase());
    const first = await migrate(url);
    expect(first.applied[0]).toBe("0001_tables");
    expect(first.applied).toHaveLength(first.version);
    expect(await migrate(pool)).toEqual({ applied: [], version: first.version });
    const rows = await pool.query("select name from eventchain.migrations order by version");
    expect(rows.rows.map(({ name }) => name)).toEqual(first.applied);
  });

  test("by several processes at once applies each migration once", async () => {
    const { url, pool } = await kept(createEmptyDatabase());
    const results = await Promise.all(Array.from({ length: 5 }, () => migrate(url)));
    const version = results[0]?.version ?? 0;
    const applied = results.flatMap((result) => result.applied);
    expect(results.every((result) => result.version === version)).toBe(true);
    expect(applied).toHaveLength(version);
    expect(new Set(applied).size).toBe(version);
    const template = await kept(createTestDatabase());
    expect(await describeSchema(pool)).toBe(await describeSchema(template.pool));
  });

  test("refuses a migration that was edited after it had been applied", async () => {
    const { pool } = await kept(createTestDatabase());
    await pool.query("update eventchain.migrations set checksum = 'other' where version = 2");
    await expect(migrate(pool)).rejects.toMatchObject({
      code: "database-refused",
      message: expect.stringContaining("0002_append"),
      values: { applied: "other" },
    });
  });

  test("leaves nothing of a migration that fails", async () => {
    const { pool } = await kept(createEmptyDatabase());
    await pool.query("create schema eventchain; create table eventchain.watermarks ()");
    await expect(migrate(pool)).rejects.toMatchObject({ code: "database-failed" });
    const { rows } = await pool.query("select relname from pg_class where relnamespace = 'eventchain'::regnamespace");
    expect(rows).toEqual([{ relname: "watermarks" }]);
    await pool.query("drop table eventchain.watermarks");
    expect((await migrate(pool)).applied[0]).toBe("0001_tables");
  });

  test("lets a database be that a newer program has migrated", async () => {
    const { pool } = await kept(createTestDatabase());
    await pool.query("insert into eventchain.migrations (version, name, checksum) values (9999, '9999_later', 'x')");
    expect(await migrate(pool)).toEqual({ applied: [], version: 9999 });
    expect(await openPostgresStore({ pool }).listLedgers()).toEqual([]);
  });

  test("refuses a database that is not UTF-8", async () => {
    const name = `eventchain_test_latin_${process.pid}`;
    await onServer(`create database ${name} template template0 encoding 'LATIN1' locale 'C'`);
    const store = openPostgresStore({ connectionString: urlOf(name) });
    try {
      await expect(migrate(urlOf(name))).rejects.toMatchObject({
        code: "database-refused",
        values: { encoding: "LATIN1" },
      });
      await expect(store.listLedgers()).rejects.toMatchObject({ code: "not-migrated" });
    } finally {
      await store.close();
      await onServer(`drop database ${name} with (force)`);
    }
  });
});

describe("opening a store", () => {
  test("refuses an empty database and one that lacks migrations, and finds out when that has changed", async () => {
    const { pool } = await kept(createEmptyDatabase());
    const store = openPostgresStore({ pool });
    await expect(store.listLedgers()).rejects.toMatchObject({ code: "not-migrated" });
    await migrate(pool);
    await pool.query("delete from eventchain.migrations where version > 1");
    await expect(store.listLedgers()).rejects.toMatchObject({ code: "not-migrated", values: { found: 1 } });
    await pool.query("truncate eventchain.migrations");
    await expect(store.append(1n, [])).rejects.toMatchObject({ code: "not-migrated", values: { found: 0 } });
  });
});

describe("roles, which a whole cluster shares", () => {
  let dir: string;
  let server: RunningPostgres;
  const urlIn = (database: string, user?: string): string => {
    const url = new URL(server.url);
    url.pathname = `/${database}`;
    if (user !== undefined) {
      url.username = user;
      url.password = "test";
    }
    return url.toString();
  };
  const onOwnServer = async (...statements: string[]): Promise<void> => {
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();
    try {
      for (const statement of statements) await client.query(statement);
    } finally {
      await client.end();
    }
  };
  const inDatabase = async (database: string, statement: string): Promise<pg.QueryResult> => {
    const client = new pg.Client({ connectionString: urlIn(database) });
    await client.connect();
    try {
      return await client.query(statement);
    } finally {
      await client.end();
    }
  };
  const names = ["one", "two", "three", "four"];

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "eventchain-roles-"));
    server = await startPostgres({ dir });
    await onOwnServer(
      ...names.map((name) => `create database ${name}`),
      "create role owner login password 'test'",
      "create database managed owner owner",
    );
  });
  afterAll(async () => {
    await server?.stop();
    await rm(dir, { recursive: true, force: true });
  });

  test("a user who may not create them is told what an administrator has to run; after that it works", async () => {
    const refused = migrate(urlIn("managed", "owner"));
    await expect(refused).rejects.toMatchObject({ code: "database-refused" });
    await expect(refused).rejects.toThrow(
      /create role eventchain_writer nologin; create role eventchain_reader nologin;/,
    );
    await onOwnServer(...["writer", "reader", "sealer"].map((role) => `create role eventchain_${role} nologin`));
    const hint =
      /create role eventchain_viewer nologin; grant eventchain_viewer to eventchain_writer, eventchain_reader;/;
    await expect(migrate(urlIn("managed", "owner"))).rejects.toThrow(hint);
    // Programs of before go on: nothing of theirs is gone.
    const { rows } = await inDatabase("managed", "select max(version) as version from eventchain.migrations");
    expect(rows).toEqual([{ version: 5 }]);
    await onOwnServer(...hint.source.split("; "));
    // Those that handlers run as, one migration each.
    const later = [
      "create role eventchain_handler nologin;",
      "create role eventchain_projector nologin; grant eventchain_projector to eventchain_writer, eventchain_handler, owner;",
    ];
    for (const said of later) {
      await expect(migrate(urlIn("managed", "owner"))).rejects.toThrow(said);
      await onOwnServer(...said.slice(0, -1).split("; "));
    }
    expect((await migrate(urlIn("managed", "owner"))).applied.length).toBeGreaterThan(0);
    await onOwnServer(
      "drop database managed",
      ...["writer", "reader", "sealer", "viewer", "handler", "projector"].map((role) => `drop role eventchain_${role}`),
    );
  });

  test("are made once by databases that migrate at the same time", async () => {
    const results = await Promise.all(names.flatMap((name) => [migrate(urlIn(name)), migrate(urlIn(name))]));
    expect(new Set(results.map(({ version }) => version)).size).toBe(1);
    expect(results.flatMap(({ applied }) => applied)).toHaveLength(names.length * (results[0]?.version ?? 0));
  });
});
