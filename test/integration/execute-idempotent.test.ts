import { type Connection, connect, type Ledger } from "@eventchain/ledger";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { balance, deposit, streamOf, withdraw } from "../support/account-commands.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { createStagedLedger } from "../support/staged-ledger.ts";
import { type Apps, type Call, startApps } from "../support/start-apps.ts";

const origin = "idempotent.test";
let database: TestDatabase;
let connection: Connection;
let other: Connection;
let ledger: Ledger;
let apps: Apps;

beforeAll(async () => {
  database = await createTestDatabase();
  await createStagedLedger(database.pool, origin);
  connection = await connect({ database: database.url });
  other = await connect({ database: database.url });
  ledger = await connection.ledger(origin);
  apps = await startApps(5, database.url, origin);
});
afterAll(async () => {
  await apps?.close();
  await connection?.close();
  await other?.close();
  await database?.drop();
});

const ada = { actor: "ada" };

/** The same call ten times in each of five processes, all at once. */
async function fifty(call: Call): Promise<unknown[]> {
  const answers = await apps.execute(Array.from({ length: 5 }, () => Array.from({ length: 10 }, () => call)));
  return answers.flat();
}

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_, each: unknown) => (typeof each === "bigint" ? each.toString() : each)));
}

describe("the same command, 50 times at once by 5 processes", () => {
  test("is recorded once, with 50 equal receipts", async () => {
    for (let round = 0; round < 5; round += 1) {
      const account = `fifty-${round}`;
      const commandId = `fifty-${round}`;
      const answers = await fifty({ command: "Deposit", input: { account, amount: 3 }, options: { commandId } });
      const receipt = await ledger.receipt(commandId);
      expect(receipt).toMatchObject({ status: "recorded", command: "Deposit", events: [{ version: 1n }] });
      expect(answers).toEqual(Array.from({ length: 50 }, () => ({ receipt: plain(receipt) })));
      expect(await ledger.state(balance, streamOf({ account }))).toMatchObject({ sum: 3, entries: 1 });
    }
  });

  test("is rejected once, with 50 equal receipts", async () => {
    const options = { commandId: "fifty-rejected" };
    const answers = await fifty({ command: "Withdraw", input: { account: "empty", amount: 3 }, options });
    const receipt = await ledger.receipt(options.commandId);
    expect(receipt).toMatchObject({ status: "rejected", code: "overdrawn", reason: "There is only 0" });
    expect(answers).toEqual(Array.from({ length: 50 }, () => ({ receipt: plain(receipt) })));
  });
});

describe("the same command again", () => {
  const input = { account: "again", amount: 5 };

  test("gives an equal receipt, in this process or another, whatever has changed since", async () => {
    const first = await ledger.execute(deposit, input, { ...ada, commandId: "again-1" });
    await ledger.execute(withdraw, input, ada);
    expect(await ledger.execute(deposit, input, { ...ada, commandId: "again-1" })).toEqual(first);
    const elsewhere = await other.ledger(origin);
    expect(await elsewhere.execute(deposit, input, { ...ada, commandId: "again-1", ip: "::1" })).toEqual(first);
    expect(await ledger.state(balance, streamOf(input))).toMatchObject({ entries: 2 });
  });

  test("stays rejected when it would be recorded by now", async () => {
    const late = { account: "late", amount: 5 };
    const first = await ledger.execute(withdraw, late, { ...ada, commandId: "late-1" });
    expect(first).toMatchObject({ status: "rejected" });
    await ledger.execute(deposit, late, ada);
    expect(await ledger.execute(withdraw, late, { ...ada, commandId: "late-1" })).toEqual(first);
    expect(await ledger.state(balance, streamOf(late))).toMatchObject({ sum: 5 });
  });

  test("shares what is on its way in this process", async () => {
    const together = { account: "together", amount: 5 };
    const run = () => ledger.execute(deposit, together, { ...ada, commandId: "together-1" });
    const [first, second, third] = await Promise.all([run(), run(), run()]);
    expect(second).toEqual(first);
    expect(third).toEqual(first);
    expect(await ledger.state(balance, streamOf(together))).toMatchObject({ entries: 1 });
  });

  test("goes on where whoever sent it first gives it up", async () => {
    const shared = { account: "shared", amount: 5 };
    const first = new AbortController();
    const given = ledger.execute(deposit, shared, { ...ada, commandId: "shared-1", signal: first.signal });
    const kept = ledger.execute(deposit, shared, { ...ada, commandId: "shared-1" });
    first.abort("enough");
    await expect(given).rejects.toMatchObject({ code: "aborted", cause: "enough" });
    expect(await kept).toMatchObject({ status: "recorded", commandId: "shared-1" });
  });
});

describe("a command id that another request has is reused", () => {
  const reused = { code: "command-id-reused" };
  const input = { account: "reused", amount: 5 };
  const options = { ...ada, commandId: "reused-1" };

  test.each<[string, () => Promise<unknown>]>([
    ["another input", () => ledger.execute(deposit, { ...input, amount: 6 }, options)],
    ["another actor", () => ledger.execute(deposit, input, { ...options, actor: "bob" })],
    ["another command", () => ledger.execute(withdraw, input, options)],
    ["an append", () => ledger.append("reused", { type: "Noted", data: {} }, { commandId: "reused-1" })],
  ])("by %s", async (_, again) => {
    await ledger.execute(deposit, input, options);
    await expect(again()).rejects.toMatchObject(reused);
  });

  test("by an append that was recorded before", async () => {
    await ledger.append("reused", { type: "Noted", data: {} }, { commandId: "noted-1" });
    await expect(ledger.execute(deposit, input, { ...ada, commandId: "noted-1" })).rejects.toMatchObject(reused);
  });

  test("by one that is on its way in this process", async () => {
    const run = (amount: number) => ledger.execute(deposit, { ...input, amount }, { ...ada, commandId: "on-its-way" });
    const [first, second] = await Promise.allSettled([run(1), run(2)]);
    expect(first).toMatchObject({ status: "fulfilled" });
    expect(second).toMatchObject({ status: "rejected", reason: reused });
  });
});
