import { type EventStore, openPostgresStore } from "@eventchain/store";
import { createTestLedger, newEvent, type TestLedger } from "@eventchain/store/testing";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestDatabase, onServer, type TestDatabase } from "../support/database.ts";

const suffix = `${process.pid}_${performance.timeOrigin.toFixed(0)}`;
/** What logins are members of; `stranger` may read every table, but is in no role of the ledger's. */
const memberships = {
  writer: "eventchain_writer",
  reader: "eventchain_reader",
  viewer: "eventchain_viewer",
  stranger: "",
};
type Login = keyof typeof memberships;
const nameOf = (login: Login): string => `eventchain_test_rows_${login}_${suffix}`;

let database: TestDatabase;
let ledger: TestLedger;
let other: TestLedger;
const pools = new Map<Login, pg.Pool>();
const poolOf = (login: Login): pg.Pool => pools.get(login) ?? expect.fail(`no pool for ${login}`);
const storeOf = (login: Login): EventStore => openPostgresStore({ pool: poolOf(login) });

beforeAll(async () => {
  database = await createTestDatabase();
  const owner = openPostgresStore({ pool: database.pool });
  ledger = await createTestLedger(owner);
  other = await createTestLedger(owner);
  for (const { ledgerId } of [ledger, other]) {
    const both = ["mine", "theirs"].map((who) =>
      newEvent({ stream: who, tags: [who], metadata: '{"commandId":"both"}' }),
    );
    const mine = newEvent({ stream: "mine", tags: ["mine"], metadata: '{"commandId":"mine"}' });
    await owner.append(ledgerId, [
      { events: both, expected: [], command: { id: "both", requestHash: new Uint8Array(32) } },
      { events: [mine], expected: [], command: { id: "mine", requestHash: new Uint8Array(32) } },
    ]);
  }
  for (const login of Object.keys(memberships) as Login[]) {
    await onServer(`create role ${nameOf(login)} login password 'test'`);
    if (memberships[login] !== "") await onServer(`grant ${memberships[login]} to ${nameOf(login)}`);
    const url = new URL(database.url);
    url.username = nameOf(login);
    url.password = "test";
    pools.set(login, new pg.Pool({ connectionString: url.toString(), max: 1 }));
  }
  await database.pool.query(`grant usage on schema eventchain to ${nameOf("stranger")}`);
  await database.pool.query(`grant select on all tables in schema eventchain to ${nameOf("stranger")}`);
});
afterAll(async () => {
  for (const pool of pools.values()) await pool.end();
  await database.drop();
  for (const login of Object.keys(memberships) as Login[]) await onServer(`drop role if exists ${nameOf(login)}`);
});

/** What one transaction sees of each table, after `first` has run in it. */
async function seenBy(
  login: Login,
  first: string[],
): Promise<{ events: unknown[]; tags: unknown[]; commands: unknown[] }> {
  const client = await poolOf(login).connect();
  try {
    await client.query("begin");
    for (const sql of first) await client.query(sql);
    const column = async (sql: string): Promise<unknown[]> =>
      (await client.query({ text: sql, rowMode: "array" })).rows.flat();
    return {
      events: await column("select position from eventchain.events order by ledger_id, position"),
      tags: await column("select position from eventchain.event_tags order by ledger_id, position"),
      commands: await column("select command_id from eventchain.commands order by ledger_id, command_id"),
    };
  } finally {
    await client.query("rollback");
    client.release();
  }
}

const nothing = { events: [], tags: [], commands: [] };
const mine = '[{"tags":["mine"]}]';
const restrict = (access: string, { ledgerId } = ledger): string =>
  `select eventchain.restrict(${ledgerId}, ${access === "null" ? "null" : `'${access}'`}::jsonb)`;

describe("a transaction that is restricted", () => {
  test("sees what its access allows, of one ledger, whatever it selects; of commands those it sees whole", async () => {
    expect(await seenBy("writer", [restrict(mine)])).toEqual({
      events: ["1", "3"],
      tags: ["1", "3"],
      commands: ["mine"],
    });
    expect(await seenBy("reader", [restrict(mine, other)])).toMatchObject({ events: ["1", "3"] });
  });

  test('sees one ledger whole by the access "all"', async () => {
    const whole = { events: ["1", "2", "3"], tags: ["1", "2", "3"], commands: ["both", "mine"] };
    expect(await seenBy("writer", [restrict('"all"')])).toEqual(whole);
  });

  test.each(["[]", "[{}]", "{}", '"none"', "null", "1", '["mine"]', '[{"colour":["mine"]}]'])(
    "sees nothing by the access %s, which is none",
    async (access) => {
      expect(await seenBy("writer", [restrict(access)])).toEqual(nothing);
    },
  );

  test("sees nothing of a ledger that does not exist", async () => {
    expect(await seenBy("writer", [restrict('"all"', { ...ledger, ledgerId: 2n ** 62n })])).toEqual(nothing);
  });

  test("is told no position by the functions that run as their owner", async () => {
    const client = await poolOf("writer").connect();
    try {
      await client.query("begin");
      await client.query(restrict(mine));
      const find =
        "select eventchain.find_positions($1, 1, 100, false, 100, $2) as found, eventchain.count_positions($1, 1, 100, $2)::int as count";
      for (const search of ["{}", '{"items":[{"types":["TicketOpened"]}]}', '{"items":[{"tags":["mine"]}]}']) {
        const { rows } = await client.query(find, [ledger.ledgerId, search]);
        expect(rows, search).toEqual([{ found: ["1", "3"], count: 2 }]);
        const elsewhere = await client.query(find, [other.ledgerId, search]);
        expect(elsewhere.rows, search).toEqual([{ found: [], count: 0 }]);
      }
    } finally {
      await client.query("rollback");
      client.release();
    }
  });

  test("cannot append, nor keep a schema", async () => {
    const client = await poolOf("writer").connect();
    try {
      for (const call of ["keep_schemas(1, '{}', '{}', '{}')", "keep_schemas(null, null, null, null)"]) {
        await client.query("begin");
        await client.query(restrict('"all"'));
        await expect(client.query(`select eventchain.${call}`)).rejects.toMatchObject({ code: "42501" });
        await client.query("rollback");
      }
    } finally {
      client.release();
    }
  });
});

describe("the role eventchain_viewer", () => {
  test("sees nothing in a transaction that has set no access", async () => {
    expect(await seenBy("writer", ["set local role eventchain_viewer"])).toEqual(nothing);
    expect(await seenBy("viewer", [])).toEqual(nothing);
  });

  test("sees nothing by the access of the transaction before, on one connection", async () => {
    await seenBy("writer", [restrict('"all"')]);
    expect(await seenBy("writer", ["set local role eventchain_viewer"])).toEqual(nothing);
  });

  test("is enough for a login to be restricted, and tells it no more", async () => {
    expect(await seenBy("viewer", [restrict(mine)])).toMatchObject({ events: ["1", "3"] });
    const { rows } = await poolOf("viewer").query(
      "select eventchain.find_positions($1, 1, 9, false, 9, '{}') as found",
      [ledger.ledgerId],
    );
    expect(rows).toEqual([{ found: [] }]);
  });

  test("does not read the tables beside", async () => {
    for (const table of ["ledgers", "event_schemas", "log_tiles", "anchors", "log_keys"]) {
      await expect(poolOf("viewer").query(`select from eventchain.${table}`)).rejects.toMatchObject({ code: "42501" });
    }
  });
});

test("whoever would read with row-level security off, as backups do, is refused unless they own the tables", async () => {
  for (const table of ["events", "event_tags", "commands"]) {
    for (const login of ["writer", "reader", "viewer", "stranger"] as const) {
      const client = await poolOf(login).connect();
      await client.query("set row_security = off");
      await expect(client.query(`select from eventchain.${table}`), login).rejects.toMatchObject({ code: "42501" });
      client.release(true);
    }
    await database.pool.query(`set row_security = off; select from eventchain.${table}; reset row_security`);
  }
});

test("whoever is in none of the roles sees no row, though they may select", async () => {
  expect(await seenBy("stranger", [])).toEqual(nothing);
});

describe.each(["writer", "reader"] as const)("the store with row-level security, as the %s", (login) => {
  const scope = { access: [{ tags: ["theirs"] }], rowSecurity: true };

  test("reads what the access allows, and is whole again for the next read of its connection", async () => {
    const store = storeOf(login);
    const found: bigint[] = [];
    for await (const { position } of store.readAll(ledger.ledgerId, scope)) found.push(position);
    expect(found).toEqual([2n]);
    expect(await store.findEvent(ledger.ledgerId, { position: 1n }, scope)).toBeUndefined();
    expect(await store.findEvent(ledger.ledgerId, { position: 1n })).toBeDefined();
    expect(await store.count(ledger.ledgerId, scope)).toBe(1n);
    expect(await store.count(ledger.ledgerId)).toBe(3n);
  });

  test("is whole again after a read that failed", async () => {
    const store = storeOf(login);
    const client = await poolOf(login).connect();
    await client.query("set statement_timeout = '1ms'");
    client.release();
    const slow = store.count(ledger.ledgerId, {
      ...scope,
      query: Array.from({ length: 1024 }, (_, n) => ({ tags: [`t-${n}`] })),
    });
    await expect(slow).rejects.toMatchObject({ code: "timeout" });
    await poolOf(login).query("set statement_timeout = 0");
    const { rows } = await poolOf(login).query(
      "select current_user::text as name, count(*)::int as events from eventchain.events",
    );
    expect(rows).toEqual([{ name: nameOf(login), events: 6 }]);
  });
});

test("the store says what to grant where its user may not take the role", async () => {
  const scope = { access: [{ tags: ["mine"] }], rowSecurity: true };
  const store = storeOf("stranger");
  await expect(store.findEvent(ledger.ledgerId, { position: 1n }, scope)).rejects.toMatchObject({
    code: "database-refused",
    message: expect.stringContaining("grant eventchain_viewer to"),
  });
  const { rows } = await poolOf("stranger").query("select current_user::text as name");
  expect(rows).toEqual([{ name: nameOf("stranger") }]);
});
