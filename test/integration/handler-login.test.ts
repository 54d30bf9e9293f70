// Logins with the least rights that their work needs: workers of handlers, an application, a report tool.

import { connect, defineModel, defineProjection, defineReaction, defineSnapshots } from "@eventchain/ledger";
import { openPostgresStore } from "@eventchain/store";
import { runHandlers } from "@eventchain/workers";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { createLedger } from "../support/ledger-workers.ts";
import { Added } from "../support/projecting.ts";

const ROLES = ["handler", "writer", "reader"] as const;
type Role = (typeof ROLES)[number];

const suffix = crypto.randomUUID().slice(0, 8);
const loginOf = (role: Role): string => `eventchain_login_${role}_${suffix}`;

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
  for (const role of ROLES)
    await database.pool.query(`create role ${loginOf(role)} login password 'test' in role eventchain_${role}`);
});
afterAll(async () => {
  await database.pool.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where usename like 'eventchain_login_%_${suffix}'`,
  );
  for (const role of ROLES) await database.pool.query(`drop role ${loginOf(role)}`);
  await database.drop();
});

function urlOf(role: Role): string {
  const url = new URL(database.url);
  url.username = loginOf(role);
  url.password = "test";
  return url.toString();
}

async function refused(role: Role, text: string): Promise<void> {
  const client = new pg.Client({ connectionString: urlOf(role) });
  await client.connect();
  try {
    await expect(client.query(text), text).rejects.toMatchObject({ code: "42501" });
  } finally {
    await client.end();
  }
}

const sum = defineModel("sum", { initial: () => ({ sum: 0 }) }).on(Added, (state, { data }) => ({
  sum: state.sum + data.n,
}));
const later = defineProjection("later", { model: sum });
const atOnce = defineProjection("at-once", { model: sum, mode: "inline" });

test("a worker, an application and a report tool do their work, and nothing else", { timeout: 20_000 }, async () => {
  const { origin, ledgerId } = await createLedger(openPostgresStore({ pool: database.pool }));
  const done = Promise.withResolvers<void>();
  const reaction = defineReaction("note", { from: "start" }).on(Added, ({ data }) => {
    if (data.n === 3) done.resolve();
  });
  const config = {
    events: [Added],
    projections: [later, atOnce],
    reactions: [reaction],
    snapshots: [defineSnapshots(sum, { every: 2 })],
  };
  const app = await runHandlers(config, { databaseUrl: urlOf("handler") });
  const db = await connect({ database: urlOf("writer") });
  const ledger = await db.ledger(origin, config);
  try {
    await (await ledger.append("s", Added({ n: 1 }))).projected("at-once");
    await ledger.append("s", Added({ n: 2 }));
    const receipt = await ledger.append("s", Added({ n: 3 }));
    await done.promise;
    await Promise.all([receipt.projected("later"), receipt.projected("at-once")]);
    for await (const { type } of ledger.subscribe({ query: [{ streams: ["$snapshot/sum/s"] }] })) {
      expect(type).toBe("$SnapshotTaken");
      break;
    }
    const reports = await connect({ database: urlOf("reader") });
    const read = await reports.ledger(origin);
    for (const table of ["later", "at_once"])
      expect(await read.readProjections(`select state from ${table}`)).toEqual([{ state: { sum: 6 } }]);
    await reports.close();
  } finally {
    await app.close();
    await db.close();
  }
  const { rows } = await database.pool.query("select schema_name from eventchain.projection_builds limit 1");
  await refused("handler", "update eventchain.events set type = 'x'");
  await refused("handler", "delete from eventchain.events");
  await refused("handler", "update eventchain.snapshots set state = '{}'");
  await refused("handler", "update eventchain.watermarks set final_size = 1");
  await refused("writer", "delete from eventchain.projection_builds");
  await refused("reader", `insert into ledger_${ledgerId}.later (key) values ('x')`);
  await refused("reader", `select * from ${rows[0].schema_name}.later`);
  await refused("reader", "delete from eventchain.reactions");
});
