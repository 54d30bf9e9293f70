import { setTimeout as sleep } from "node:timers/promises";
import { type Connection, connect, defineAccess, type Ledger } from "@eventchain/ledger";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { balance, Deposited, deposit, streamOf } from "../support/account-commands.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { createStagedLedger } from "../support/staged-ledger.ts";

const origin = "close.test";
const input = { account: "a", amount: 1 };
const ada = { actor: "ada" };
const refused = { code: "aborted", message: expect.stringContaining("the connection is closed") };
let database: TestDatabase;
let connection: Connection;
let ledger: Ledger;

beforeAll(async () => {
  database = await createTestDatabase();
  await createStagedLedger(database.pool, origin);
});
afterAll(() => database?.drop());
beforeEach(async () => {
  connection = await connect({ database: database.url });
  ledger = await connection.ledger(origin, { access: defineAccess(() => "all") });
});
afterEach(() => connection?.close());

describe("after close", () => {
  test("each verb is refused, of the connection, its ledgers, their views and receipts", async () => {
    const receipt = await ledger.execute(deposit, input, ada);
    const view = ledger.as("ada");
    if (receipt.status !== "recorded") expect.fail("the deposit was rejected");
    void connection.close();
    const verbs: (() => Promise<unknown>)[] = [
      () => connection.ledger(origin),
      () => connection.ledgers(),
      () => ledger.append("a", Deposited(input)),
      () => ledger.execute(deposit, input, ada),
      () => ledger.watermarks(),
      () => ledger.status(),
      () => ledger.awaitPosition(1n),
      () => view.execute(deposit, input),
      () => receipt.state(),
      () => receipt.final(),
      async () => receipt.progress(),
      async () => ledger.as("ada"),
      ...[ledger, view].flatMap((reads) => [
        () => reads.count(),
        () => reads.related(receipt.events[0]?.id ?? ""),
        () => reads.state(balance, streamOf(input)),
        () => reads.receipt("a"),
        () => reads.prove(1n),
        async () => reads.readStream("a"),
        async () => reads.readAll(),
        async () => reads.query("all"),
        async () => reads.audit(),
      ]),
    ];
    for (const verb of verbs) await expect(verb(), String(verb)).rejects.toMatchObject(refused);
  });

  test("what is called when the last command answers is refused, and nothing hangs", async () => {
    const first = ledger.execute(deposit, input, ada);
    const next = first.then(() => ledger.execute(deposit, input, ada));
    const appended = first.then(() => ledger.append("a", Deposited(input)));
    const closing = connection.close();
    expect(await Promise.allSettled([first, next, appended, closing])).toMatchObject([
      { status: "fulfilled", value: { status: "recorded" } },
      { reason: refused },
      { reason: refused },
      { status: "fulfilled" },
    ]);
  });
});

describe("close", () => {
  test("waits for commands, appends and reads that are on their way", async () => {
    const verbs = [
      ...[1, 2, 3].map(() => ledger.execute(deposit, input, ada)),
      ledger.append("a", { type: "Noted", data: {} }),
      ledger.count(),
      ledger.state(balance, streamOf(input)),
      ledger.receipt("a"),
      ledger.as("ada").count(),
      ledger.watermarks(),
      connection.ledgers(),
    ];
    let settled = 0;
    for (const verb of verbs) void verb.then(() => (settled += 1));
    await connection.close();
    expect(settled).toBe(verbs.length);
  });

  test("ends, however many go on calling", async () => {
    let stop = false;
    const codes = new Set<unknown>();
    const caller = async () => {
      while (!stop) {
        await ledger.execute(deposit, input, ada).catch((error: { code: string }) => codes.add(error.code));
        await sleep(1);
      }
    };
    const callers = [caller(), caller(), caller()];
    await ledger.execute(deposit, input, ada);
    await connection.close();
    await ledger.execute(deposit, input, ada).catch((error: { code: string }) => codes.add(error.code));
    stop = true;
    await Promise.all(callers);
    expect([...codes]).toEqual(["aborted"]);
  });

  test("does not wait for an iteration that nobody goes on with, which ends at its next step", async () => {
    await ledger.append(
      "a",
      [Deposited(input), Deposited(input)].map(({ type, data }) => ({ type, data })),
    );
    const read = ledger.readAll()[Symbol.asyncIterator]();
    const view = ledger.as("ada").readAll()[Symbol.asyncIterator]();
    const untouched = ledger.readAll()[Symbol.asyncIterator]();
    await Promise.all([read.next(), view.next()]);
    await connection.close();
    for (const each of [read, view, untouched]) await expect(each.next()).rejects.toMatchObject(refused);
  });

  test("ends what waits for final", async () => {
    const receipt = await ledger.execute(deposit, input, ada);
    if (receipt.status !== "recorded") expect.fail("the deposit was rejected");
    const waiting = [receipt.final({ timeout: 60_000 }), ledger.awaitPosition(99n)];
    const closing = connection.close();
    for (const each of waiting) await expect(each).rejects.toMatchObject({ code: "aborted" });
    await closing;
  });

  test("of a pool that is its caller's leaves that open", async () => {
    const other = await connect({ database: database.pool });
    const its = await other.ledger(origin);
    await other.close();
    await expect(its.count()).rejects.toMatchObject(refused);
    expect((await database.pool.query("select 1")).rowCount).toBe(1);
  });
});
