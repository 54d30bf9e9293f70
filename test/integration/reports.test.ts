// What a report tool sees: an ordinary login, a plain client, and no part of the SDK.
import { randomBytes } from "node:crypto";
import { defineProjection, type Projection } from "@eventchain/ledger";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createTestDatabase, onServer, type TestDatabase, urlOf } from "../support/database.ts";
import { Added, openProjecting, type Projecting, settle } from "../support/projecting.ts";

const SUM = `
  create table sums (stream text primary key, total bigint not null);
  comment on table sums is 'The sum of each stream.';
  comment on column sums.total is 'of all numbers that were added';
  create view positive_sums as select * from sums where total > 0;
  comment on view positive_sums is 'Those above zero.';
`;

/** One version of the projection; `extra`: further SQL of its schema. */
function sums(version: number, extra = ""): Projection {
  return defineProjection("sums", { version, schema: `${SUM}${extra}`, describe: "Sums." }).on(
    Added,
    async ({ stream, data }, db) => {
      await db.query(
        "insert into sums (stream, total) values ($1, $2) on conflict (stream) do update set total = sums.total + excluded.total",
        [stream, data.n],
      );
    },
  );
}

let database: TestDatabase;
let world: Projecting;
let views: string;
const logins: string[] = [];
const clients: pg.Client[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
});
beforeEach(async () => {
  world = await openProjecting(database);
  views = `ledger_${world.ledgerId}`;
  await world.add(10, 2);
  await settle(world, sums(1));
  return async () => {
    await Promise.all(clients.splice(0).map((client) => client.end()));
    await world.close();
  };
});
afterAll(async () => {
  for (const login of logins) await database?.pool.query(`drop owned by ${login}`);
  await database?.drop();
  for (const login of logins) await onServer(`drop role ${login}`);
});

/** A login of its own, connected; its name. */
async function connectAs(grants: (login: string) => string): Promise<{ client: pg.Client; login: string }> {
  const login = `reports_${randomBytes(6).toString("hex")}`;
  await onServer(`create role ${login} login password 'pw'`);
  logins.push(login);
  await database.pool.query(grants(login));
  const { pathname } = new URL(database.url);
  const client = new pg.Client({ connectionString: urlOf(pathname.slice(1), login, "pw") });
  await client.connect();
  clients.push(client);
  return { client, login };
}

const asReader = async (): Promise<pg.Client> =>
  (await connectAs((login) => `grant eventchain_reader to ${login}`)).client;

/** The number that Postgres refuses with. */
async function refusal(client: pg.Client, text: string): Promise<unknown> {
  return client.query(text).then(
    () => "done",
    (error: { code?: string }) => error.code,
  );
}

const DENIED = "42501";

describe("a login that is a member of eventchain_reader", () => {
  test("reads tables and views by their stable names", async () => {
    const client = await asReader();
    expect((await client.query(`select stream, total from ${views}.sums order by stream`)).rows).toEqual([
      { stream: "s-0", total: "20" },
      { stream: "s-1", total: "25" },
    ]);
    expect((await client.query(`select count(*) from ${views}.positive_sums`)).rows).toEqual([{ count: "2" }]);
  });

  test("finds them, their columns and their comments in the catalogue, as report tools do", async () => {
    const client = await asReader();
    const columns = await client.query(
      `select table_name, column_name, data_type,
              col_description(format('%I.%I', table_schema, table_name)::regclass, ordinal_position) as comment
         from information_schema.columns where table_schema = $1 order by table_name, ordinal_position`,
      [views],
    );
    expect(columns.rows).toEqual([
      { table_name: "positive_sums", column_name: "stream", data_type: "text", comment: null },
      { table_name: "positive_sums", column_name: "total", data_type: "bigint", comment: null },
      { table_name: "sums", column_name: "stream", data_type: "text", comment: null },
      { table_name: "sums", column_name: "total", data_type: "bigint", comment: "of all numbers that were added" },
    ]);
    const tables = await client.query(
      `select table_name, obj_description(format('%I.%I', table_schema, table_name)::regclass, 'pg_class') as comment
         from information_schema.tables where table_schema = $1 order by table_name`,
      [views],
    );
    expect(tables.rows).toEqual([
      { table_name: "positive_sums", comment: "Those above zero." },
      { table_name: "sums", comment: "The sum of each stream." },
    ]);
  });

  test("sees which ledger a schema is of, and how far its projections are", async () => {
    const client = await asReader();
    const { rows } = await client.query(
      `select 'ledger_' || l.ledger_id as schema, b.name, b.version, b.position
         from eventchain.ledgers l join eventchain.projection_builds b using (ledger_id)
        where b.state = 'live' and l.origin = $1`,
      [world.ledger.origin],
    );
    expect(rows).toEqual([{ schema: views, name: "sums", version: 1, position: "10" }]);
  });

  test("reads no build's own tables", async () => {
    const client = await asReader();
    const { rows } = await database.pool.query(
      "select schema_name from eventchain.projection_builds where ledger_id = $1",
      [world.ledgerId],
    );
    expect(rows).toHaveLength(1);
    expect(await refusal(client, `select * from ${rows[0].schema_name}.sums`)).toBe(DENIED);
  });

  test.each([
    "insert into $views.sums values ('x', 1)",
    "update $views.sums set total = 0",
    "delete from $views.sums",
    "drop view $views.sums",
    "create table $views.mine (n int)",
    "comment on view $views.sums is 'mine'",
    "set role eventchain_projector",
    "update eventchain.projection_builds set position = 0",
    "select eventchain.make_projection_schema('ledger_1_build_99')",
  ])("may not: %s", async (text) => {
    expect(await refusal(await asReader(), text.replaceAll("$views", views))).toBe(DENIED);
  });
});

describe("a login of one ledger's reports alone", () => {
  const grants = (login: string): string => `
    set role eventchain_projector;
    grant usage on schema ${views} to ${login};
    grant select on all tables in schema ${views} to ${login};
    alter default privileges in schema ${views} grant select on tables to ${login};
    reset role;`;

  test("reads its tables, before and after they were swapped, and neither another ledger's nor any event", async () => {
    const { client } = await connectAs(grants);
    const read = () => client.query(`select total from ${views}.sums where stream = 's-1'`);
    expect((await read()).rows).toEqual([{ total: "25" }]);
    // Another type of a column: the view is made anew.
    await settle(world, sums(2, "alter table sums alter column total type numeric; "));
    expect((await read()).rows).toEqual([{ total: "25" }]);
    const other = await openProjecting(database);
    await other.add(1);
    await settle(other, sums(1));
    expect(await refusal(client, `select * from ledger_${other.ledgerId}.sums`)).toBe(DENIED);
    expect(await refusal(client, "select * from eventchain.events")).toBe(DENIED);
    await other.close();
  });
});

describe("a prepared statement", () => {
  test("that names its columns goes on over a swap, from the new build", async () => {
    const client = await asReader();
    const read = () =>
      client.query({ name: "r", text: `select stream, total from ${views}.sums order by 1`, values: [] });
    const before = (await read()).rows;
    const next = sums(2, "alter table sums add column note text not null default 'new';");
    await settle(world, next);
    await world.add(1, 1);
    await settle(world, next);
    expect((await read()).rows).toEqual(before.map((row) => (row.stream === "s-0" ? { ...row, total: "30" } : row)));
  });

  test("of select * is refused once where a swap has changed the columns, and works when it is prepared again", async () => {
    const client = await asReader();
    const read = (name: string) => client.query({ name, text: `select * from ${views}.sums`, values: [] });
    await read("r");
    await settle(world, sums(2, "alter table sums add column note text not null default 'new';"));
    await expect(read("r")).rejects.toMatchObject({
      code: "0A000",
      message: /cached plan must not change result type/,
    });
    expect((await read("again")).rows).toContainEqual({ stream: "s-1", total: "25", note: "new" });
  });
});
