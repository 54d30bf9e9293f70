import { type Connection, connect, type Ledger } from "@eventchain/ledger";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { balance, deposit, streamOf, withdraw } from "../support/account-commands.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { createStagedLedger } from "../support/staged-ledger.ts";
import { type WatchedPool, watchPool } from "../support/watched-pool.ts";
import { type FaultyProxy, startFaultyProxy } from "./append-proxy.ts";

/** The one durable step of a command is its append: it fails before it was stored, or is stored but reported as failed. */

const origin = "execute-fault.test";
let database: TestDatabase;
let proxy: FaultyProxy;
let watched: WatchedPool;
let connection: Connection;
let ledger: Ledger;
let direct: Connection;
let untouched: Ledger;

beforeAll(async () => {
  database = await createTestDatabase();
  await createStagedLedger(database.pool, origin);
  proxy = await startFaultyProxy(database.url);
  direct = await connect({ database: database.url });
  untouched = await direct.ledger(origin);
});
beforeEach(async () => {
  watched = watchPool(proxy.url);
  connection = await connect({ database: watched.pool });
  ledger = await connection.ledger(origin);
});
afterEach(async () => {
  await connection.close();
  await watched.pool.end();
});
afterAll(async () => {
  await direct?.close();
  await proxy?.close();
  await database?.drop();
});

const ada = { actor: "ada" };
let accounts = 0;
const newAccount = (): string => `fault-${++accounts}`;

function fail(): never {
  throw new Error("the process lost its mind");
}

describe("an append that is reported as failed", () => {
  test("after it was stored: the same command id again gives the receipt of what was recorded", async () => {
    const account = newAccount();
    watched.afterAppend = async () => fail();
    const run = () => ledger.execute(deposit, { account, amount: 5 }, { ...ada, commandId: account });
    await expect(run()).rejects.toMatchObject({ code: "database-failed" });
    watched.afterAppend = undefined;
    const again = await run();
    expect(again).toMatchObject({ status: "recorded", command: "Deposit" });
    expect(await untouched.receipt(account)).toEqual(again);
    expect(await untouched.state(balance, streamOf({ account }))).toMatchObject({ sum: 5, entries: 1 });
  });

  test("after a rejection was stored: it stays rejected, whatever has come since", async () => {
    const account = newAccount();
    watched.afterAppend = async () => fail();
    const run = () => ledger.execute(withdraw, { account, amount: 5 }, { ...ada, commandId: account });
    await expect(run()).rejects.toMatchObject({ code: "database-failed" });
    watched.afterAppend = undefined;
    await untouched.execute(deposit, { account, amount: 5 }, ada);
    expect(await run()).toMatchObject({ status: "rejected", code: "overdrawn" });
    expect(await untouched.state(balance, streamOf({ account }))).toMatchObject({ sum: 5 });
  });

  test("before it was stored: nothing is recorded, and the same command id again is decided afresh", async () => {
    const account = newAccount();
    watched.beforeAppend = async () => fail();
    const run = () => ledger.execute(deposit, { account, amount: 5 }, { ...ada, commandId: account });
    await expect(run()).rejects.toMatchObject({ code: "database-failed" });
    expect(await untouched.receipt(account)).toBeUndefined();
    watched.beforeAppend = undefined;
    expect(await run()).toMatchObject({ status: "recorded" });
    expect(await untouched.state(balance, streamOf({ account }))).toMatchObject({ sum: 5, entries: 1 });
  });

  test("leaves nothing of the failed decisions in the process's memory", async () => {
    const account = newAccount();
    await ledger.execute(deposit, { account, amount: 5 }, ada);
    watched.beforeAppend = async () => fail();
    await expect(ledger.execute(deposit, { account, amount: 5 }, ada)).rejects.toMatchObject({
      code: "database-failed",
    });
    watched.beforeAppend = undefined;
    expect(await ledger.execute(withdraw, { account, amount: 6 }, ada)).toMatchObject({ reason: "There is only 5" });
  });
});

describe("a connection that is lost", () => {
  test.each(["lose-request", "lose-response", "cut"] as const)(
    "%s: a group of commands is recorded once",
    async (fault) => {
      const account = newAccount();
      await ledger.execute(deposit, { account, amount: 10 }, ada);
      proxy.loseNext(fault);
      const run = () =>
        Promise.allSettled([
          ledger.execute(withdraw, { account, amount: 4 }, { ...ada, commandId: `${account}-1` }),
          ledger.execute(withdraw, { account, amount: 5 }, { ...ada, commandId: `${account}-2` }),
          ledger.execute(withdraw, { account, amount: 6 }, { ...ada, commandId: `${account}-3` }),
        ]);
      await run();
      const again = await run();
      expect(again.map((each) => each.status === "fulfilled" && each.value.status)).toEqual([
        "recorded",
        "recorded",
        "rejected",
      ]);
      expect(await untouched.state(balance, streamOf({ account }))).toMatchObject({ sum: 1, entries: 3 });
      const receipts = again.map((each) => (each.status === "fulfilled" ? each.value : undefined));
      expect(await Promise.all([1, 2, 3].map((n) => untouched.receipt(`${account}-${n}`)))).toEqual(receipts);
    },
  );

  test("for good: the command fails as unavailable, and nothing of it is kept", async () => {
    const account = newAccount();
    await ledger.execute(deposit, { account, amount: 5 }, ada);
    proxy.goDown();
    await expect(ledger.execute(deposit, { account, amount: 5 }, ada)).rejects.toMatchObject({
      code: "database-unavailable",
    });
    proxy.comeBack();
    expect(await ledger.execute(withdraw, { account, amount: 6 }, ada)).toMatchObject({ reason: "There is only 5" });
  });
});
