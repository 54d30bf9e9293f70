// An app's handlers in a process of its own choosing: which ledgers they run on, and that nothing one does holds up another.

import { setTimeout as pause } from "node:timers/promises";
import {
  type Connection,
  connect,
  defineModel,
  defineProjection,
  defineReaction,
  defineSnapshots,
  type Ledger,
} from "@eventchain/ledger";
import { openPostgresStore } from "@eventchain/store";
import { runHandlers } from "@eventchain/workers";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { createLedger } from "../support/ledger-workers.ts";
import { Added } from "../support/projecting.ts";

const sum = defineModel("sum", { initial: () => ({ sum: 0 }) }).on(Added, (state, { data }) => ({
  sum: state.sum + data.n,
}));
const sums = defineProjection("sums", { model: sum, key: ({ stream }) => stream });

let database: TestDatabase;
let connection: Connection;
const running: { close(): Promise<void> }[] = [];

beforeEach(async () => {
  database = await createTestDatabase();
  connection = await connect({ database: database.url });
});
afterEach(async () => {
  for (const each of running.splice(0)) await each.close();
  await connection.close();
  await database.drop();
});

async function openOne(projections = [sums]): Promise<Ledger> {
  const { origin } = await createLedger(openPostgresStore({ pool: database.pool }));
  return connection.ledger(origin, { events: [Added], projections });
}

async function run(config: Parameters<typeof runHandlers>[0]) {
  const app = await runHandlers(config, { databaseUrl: database.url });
  running.push(app);
  return app;
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + 20_000;
  while (!(await holds())) {
    if (performance.now() > deadlineMs) throw new Error("it did not come to hold");
    await pause(20);
  }
}

const stateOf = async (ledger: Ledger): Promise<unknown> =>
  (await ledger.readProjections("select state from sums where key = $1", ["s"]))[0];

test("runs on ledgers that are there, and on one that is created later", async () => {
  const [first] = [await openOne()];
  await run({ events: [Added], projections: [sums] });
  await (await first.append("s", Added({ n: 1 }))).projected("sums");
  const second = await openOne();
  await until(async () => (await second.projections()).some(({ state }) => state === "live"));
  await (await second.append("s", Added({ n: 5 }))).projected("sums");
  expect([await stateOf(first), await stateOf(second)]).toEqual([{ state: { sum: 1 } }, { state: { sum: 5 } }]);
});

test("runs projections, reactions and snapshots beside each other", async () => {
  const ledger = await openOne();
  const reacted: bigint[] = [];
  const note = defineReaction("note", { from: "start" }).on(Added, ({ position }) => {
    reacted.push(position);
  });
  await run({
    events: [Added],
    projections: [sums],
    reactions: [note],
    snapshots: [defineSnapshots(sum, { every: 2 })],
  });
  for (let n = 1; n <= 4; n++) await ledger.append("s", Added({ n }));
  await until(async () => reacted.length >= 4 && (await Array.fromAsync(ledger.snapshots())).length > 0);
  expect(reacted.toSorted()).toEqual([1n, 2n, 3n, 4n]);
  await until(async () => JSON.stringify(await stateOf(ledger)) === '{"state":{"sum":10}}');
});

test("one that always fails holds up neither the others of its ledger nor another ledger", async () => {
  const bad = defineProjection("bad", { schema: "create table bad (n int)" }).on(Added, () => {
    throw new Error("cannot");
  });
  const ledgers = [await openOne([sums, bad]), await openOne([sums, bad])];
  await run({ events: [Added], projections: [bad, sums] });
  for (const ledger of ledgers) {
    const receipt = await ledger.append("s", Added({ n: 2 }));
    await receipt.projected("sums");
    await expect(receipt.projected("bad", { timeout: 20_000 })).rejects.toMatchObject({ code: "projection-stopped" });
  }
});

test("one that is switched off waits, and makes up for it once it is on again", async () => {
  const ledger = await openOne();
  await run({ events: [Added], projections: [sums] });
  await (await ledger.append("s", Added({ n: 1 }))).projected("sums");
  await ledger.switchHandler("sums", false, { by: "ada" });
  const receipt = await ledger.append("s", Added({ n: 2 }));
  await expect(receipt.projected("sums", { timeout: 20_000 })).rejects.toMatchObject({ code: "projection-stopped" });
  await ledger.switchHandler("sums", true, { by: "ada" });
  await receipt.projected("sums");
  expect(await stateOf(ledger)).toEqual({ state: { sum: 3 } });
});

test("closing waits for the round at hand; another process goes on from there", async () => {
  const ledger = await openOne();
  const first = await run({ events: [Added], projections: [sums] });
  await Promise.all(Array.from({ length: 50 }, () => ledger.append("s", Added({ n: 1 }))));
  await first.close();
  await run({ events: [Added], projections: [sums] });
  await (await ledger.append("s", Added({ n: 1 }))).projected("sums");
  expect(await stateOf(ledger)).toEqual({ state: { sum: 51 } });
});

test("refuses a config whose ledgers have modules", async () => {
  const ledgers = { "acme.example": { module: "./acme.ts" } };
  await expect(run({ projections: [sums], ledgers })).rejects.toMatchObject({ code: "config-invalid" });
});
