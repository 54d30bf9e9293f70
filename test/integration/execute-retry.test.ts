import { ConflictError } from "@eventchain/core";
import {
  type Connection,
  connect,
  defineAccess,
  defineCommand,
  defineModel,
  type Ledger,
  type LedgerEvent,
  reject,
  stream,
} from "@eventchain/ledger";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { balance, Deposited, deposit, streamOf, transfer, Withdrawn, withdraw } from "../support/account-commands.ts";

import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { createStagedLedger } from "../support/staged-ledger.ts";
import { type Apps, type Call, startApps } from "../support/start-apps.ts";
import { type WatchedPool, watchPool } from "../support/watched-pool.ts";

const origin = "retry.test";
let database: TestDatabase;
let watched: WatchedPool;
let connection: Connection;
let rival: Connection;
let ledger: Ledger;
let rivals: Ledger;
let apps: Apps;

beforeAll(async () => {
  database = await createTestDatabase();
  await createStagedLedger(database.pool, origin);
  watched = watchPool(database.url);
  connection = await connect({ database: watched.pool });
  rival = await connect({ database: database.url });
  ledger = await connection.ledger(origin);
  rivals = await rival.ledger(origin);
  apps = await startApps(4, database.url, origin);
});
beforeEach(() => watched.reset());
afterAll(async () => {
  await apps?.close();
  await connection?.close();
  await rival?.close();
  await watched?.pool.end();
  await database?.drop();
});

const ada = { actor: "ada" };

async function all(events: AsyncIterable<LedgerEvent>): Promise<LedgerEvent[]> {
  const list: LedgerEvent[] = [];
  for await (const each of events) list.push(each);
  return list;
}

function sumOf(account: string): Promise<{ sum: number; entries: number }> {
  return ledger.state(balance, streamOf({ account }));
}

/** Lets somebody else's deposit in before each of the next appends of the watched connection. */
function interrupt(account: string, times: number): void {
  let left = times;
  watched.beforeAppend = async () => {
    if (left === 0) return;
    left -= 1;
    await rivals.append(streamOf({ account }), Deposited({ account, amount: 1 }));
  };
}

describe("a hot context", () => {
  test("takes 500 commands of one process in a few groups, in order, and rejects what does not hold", async () => {
    const account = "hot";
    const amounts = Array.from({ length: 500 }, (_, n) => (n % 5 === 4 ? 30 : n));
    const receipts = await Promise.all(
      amounts.map((amount, n) => ledger.execute(n % 5 === 4 ? withdraw : deposit, { account, amount }, ada)),
    );
    // Half of them go first; the others are decided on top of these meanwhile, without a look of their own.
    expect(watched.counts).toEqual({ look: 1, append: 2 });
    let sum = 0;
    const expected = amounts.map((amount, n) => {
      if (n % 5 !== 4) sum += amount;
      else if (sum < amount) return "rejected";
      else sum -= amount;
      return "recorded";
    });
    expect(receipts.map(({ status }) => status)).toEqual(expected);
    expect(expected).toContain("rejected");
    const versions = receipts.flatMap((receipt) => (receipt.status === "recorded" ? receipt.events : []));
    expect(versions.map(({ version }) => version)).toEqual(versions.map((_, n) => BigInt(n + 1)));
    expect(await sumOf(account)).toMatchObject({ sum, entries: versions.length });
  });

  test("takes commands with different models in one group", async () => {
    const account = "mixed";
    const entries = defineModel("entries", { initial: () => 0 }).on(Deposited, (count) => count + 1);
    const bonus = defineCommand("Bonus", {
      input: z.object({ account: z.string() }),
      context: (input) => stream(streamOf(input)),
      model: entries,
      records: [Deposited],
      decide: ({ input, model }) => Deposited({ ...input, amount: model * 10 }),
    });
    await Promise.all([
      ledger.execute(deposit, { account, amount: 1 }, ada),
      ledger.execute(bonus, { account }, ada),
      ledger.execute(withdraw, { account, amount: 11 }, ada),
      ledger.execute(bonus, { account }, ada),
    ]);
    expect(watched.counts).toEqual({ look: 1, append: 1 });
    expect(await sumOf(account)).toMatchObject({ sum: 20, entries: 4 });
  });

  test("counts nothing twice for a model of which only a rejected command was decided", async () => {
    const account = "once";
    const total = defineModel("total", { initial: () => 0 }).on(Deposited, (sum, { data }) => sum + data.amount);
    const atLeast = defineCommand("AtLeast", {
      input: z.object({ least: z.int() }),
      context: () => stream(streamOf({ account })),
      model: total,
      records: [Deposited],
      rejects: { less: "There is less" },
      decide: ({ input, model }) =>
        model < input.least ? reject("less", String(model)) : Deposited({ account, amount: 1 }),
    });
    await Promise.all([
      ledger.execute(deposit, { account, amount: 5 }, ada),
      ledger.execute(atLeast, { least: 100 }, ada),
    ]);
    expect(await ledger.execute(atLeast, { least: 100 }, ada)).toMatchObject({ code: "less", reason: "5" });
  });

  test("is decided on the host's time of what is not recorded yet, and on the database's after", async () => {
    const seen: bigint[] = [];
    const times = defineModel("times", { initial: () => [] as bigint[] }).on(Deposited, (list, event) => [
      ...list,
      event.recordedAtMicros,
    ]);
    const command = defineCommand("Timed", {
      input: z.object({}),
      context: () => stream(streamOf({ account: "timed" })),
      model: times,
      records: [Deposited],
      decide: ({ model }) => {
        seen.splice(0, seen.length, ...model);
        return Deposited({ account: "timed", amount: 1 });
      },
    });
    await Promise.all([ledger.execute(command, {}, ada), ledger.execute(command, {}, ada)]);
    await ledger.execute(command, {}, ada);
    const recorded = await all(ledger.readStream(streamOf({ account: "timed" })));
    expect(seen).toEqual(recorded.slice(0, 2).map(({ recordedAtMicros }) => recordedAtMicros));
  });
});

describe("a conflict with another process", () => {
  test("is decided again on what came between", async () => {
    const account = "between";
    await ledger.execute(deposit, { account, amount: 10 }, ada);
    interrupt(account, 3);
    const receipts = await Promise.all([
      ledger.execute(withdraw, { account, amount: 6 }, ada),
      ledger.execute(withdraw, { account, amount: 5 }, ada),
      ledger.execute(withdraw, { account, amount: 3 }, ada),
    ]);
    expect(receipts.map(({ status }) => status)).toEqual(["recorded", "recorded", "rejected"]);
    expect(receipts[2]).toMatchObject({ reason: "There is only 2" });
    expect(await sumOf(account)).toMatchObject({ sum: 2, entries: 6 });
  });

  test("takes back a rejection that rested on what was never recorded", async () => {
    const account = "rested";
    await ledger.execute(deposit, { account, amount: 5 }, ada);
    interrupt(account, 1);
    const receipts = await Promise.all([
      ledger.execute(withdraw, { account, amount: 5 }, ada),
      ledger.execute(withdraw, { account, amount: 1 }, ada),
    ]);
    expect(receipts.map(({ status }) => status)).toEqual(["recorded", "recorded"]);
  });

  test("ends in a ConflictError with the events in the way, after so many decisions", async () => {
    const account = "always";
    interrupt(account, 100);
    const sent = ledger.execute(deposit, { account, amount: 5 }, { ...ada, commandId: "always-1", maxAttempts: 3 });
    const error: unknown = await sent.catch((reason: unknown) => reason);
    watched.reset();
    expect(error).toBeInstanceOf(ConflictError);
    const events = await all(ledger.readStream(streamOf({ account })));
    const [{ position, type, stream: name, id }] = events.slice(-1) as [LedgerEvent];
    expect(error).toMatchObject({
      code: "conflict",
      retryable: true,
      values: { command: "Deposit", attempts: 3, after: position - 1n, events: [{ position, type, stream: name, id }] },
    });
    expect(events).toHaveLength(3);
    expect(await ledger.receipt("always-1")).toBeUndefined();
  });

  test.each([
    ["the same request", "ada"],
    ["another request", "bob"],
  ])("that has recorded %s under a command id takes back what was decided on top of it alone", async (_, actor) => {
    const account = `raced-with-${actor}`;
    /** The same request for whoever compares name, actor and input, as an older build of the app would have it. */
    const note = (where: string) =>
      defineCommand("Note", {
        input: z.object({ amount: z.int() }),
        context: () => stream(streamOf({ account: where })),
        model: balance,
        records: [Withdrawn],
        decide: ({ input }) => Withdrawn({ account: where, ...input }),
      });
    await ledger.execute(deposit, { account, amount: 10 }, ada);
    const commandId = `${account}-1`;
    let first: unknown;
    watched.beforeAppend = async () => {
      watched.beforeAppend = undefined;
      first = await rivals.execute(note("elsewhere"), { amount: 3 }, { actor, commandId });
    };
    const receipts = await Promise.allSettled([
      ledger.execute(withdraw, { account, amount: 2 }, ada),
      ledger.execute(note(account), { amount: 3 }, { ...ada, commandId }),
      ledger.execute(withdraw, { account, amount: 8 }, ada),
    ]);
    expect(receipts[0]).toMatchObject({ value: { status: "recorded" } });
    if (actor === "ada") expect(receipts[1]).toEqual({ status: "fulfilled", value: first });
    else expect(receipts[1]).toMatchObject({ reason: { code: "command-id-reused" } });
    expect(receipts[2]).toMatchObject({ value: { status: "recorded" } });
    expect(await sumOf(account)).toMatchObject({ sum: 0, entries: 3 });
  });

  test("takes back a failure that rested on what was never recorded", async () => {
    const account = "failed";
    const picky = defineCommand("Picky", {
      input: z.object({}),
      context: () => stream(streamOf({ account })),
      model: balance,
      records: [Deposited],
      decide: ({ model }) => {
        if (model.sum === 5) throw new Error("not five");
        return Deposited({ account, amount: 1 });
      },
    });
    interrupt(account, 1);
    const [, second] = await Promise.all([
      ledger.execute(deposit, { account, amount: 5 }, ada),
      ledger.execute(picky, {}, ada),
    ]);
    expect(second).toMatchObject({ status: "recorded" });
  });

  test("leaves those behind it their own attempts", async () => {
    const account = "behind";
    interrupt(account, 3);
    const first = ledger.execute(deposit, { account, amount: 1 }, { ...ada, maxAttempts: 2 });
    const second = ledger.execute(deposit, { account, amount: 1 }, { ...ada, maxAttempts: 2 });
    await expect(first).rejects.toBeInstanceOf(ConflictError);
    expect(await second).toMatchObject({ status: "recorded" });
  });

  test("tells a view of the events in the way those that its actor may see, and the ledger's own caller all", async () => {
    const access = defineAccess((actor) => {
      if (actor.id === "eve") throw new Error("nobody knows her");
      return actor.id === "ada" ? "all" : [{ streams: ["own"] }];
    });
    const restricted = await connection.ledger(origin, { access });
    const account = "hidden";
    const input = { account, amount: 1 };
    const once = { maxAttempts: 1 };
    for (const [run, shown] of [
      [() => restricted.as("ada").execute(deposit, input, once), 1],
      [() => restricted.as("bob").execute(deposit, input, once), 0],
      [() => restricted.execute(deposit, input, { actor: "bob", ...once }), 1],
      [() => restricted.execute(deposit, input, { actor: "eve", ...once }), 1],
    ] as const) {
      interrupt(account, 1);
      const error = (await run().catch((reason: unknown) => reason)) as ConflictError;
      expect(error.values.events).toHaveLength(shown);
    }
  });
});

describe("an abort", () => {
  test("is honoured while the command waits for its turn, and by nobody else's command", async () => {
    const account = "aborted";
    const { signal, abort } = ((c) => ({ signal: c.signal, abort: () => c.abort("enough") }))(new AbortController());
    watched.beforeAppend = async () => abort();
    const first = ledger.execute(deposit, { account, amount: 1 }, ada);
    await new Promise((resolve) => setImmediate(resolve));
    const waiting = ledger.execute(deposit, { account, amount: 10 }, { ...ada, signal });
    const last = ledger.execute(deposit, { account, amount: 100 }, ada);
    await expect(waiting).rejects.toMatchObject({ code: "aborted", cause: "enough" });
    await Promise.all([first, last]);
    expect(await sumOf(account)).toMatchObject({ sum: 101 });
  });

  test("comes too late once the command is sent", async () => {
    const controller = new AbortController();
    watched.beforeAppend = async () => controller.abort();
    const input = { account: "sent", amount: 1 };
    expect(await ledger.execute(deposit, input, { ...ada, signal: controller.signal })).toMatchObject({
      status: "recorded",
    });
  });
});

test("a connection that is closed waits for the commands on their way", async () => {
  const closing = await connect({ database: database.url });
  const closed = await closing.ledger(origin);
  const sent = Array.from({ length: 20 }, () => closed.execute(deposit, { account: "closing", amount: 1 }, ada));
  await closing.close();
  expect((await Promise.all(sent)).map(({ status }) => status)).toEqual(sent.map(() => "recorded"));
  expect(await sumOf("closing")).toMatchObject({ sum: 20 });
});

describe("several processes", () => {
  /** What was recorded, rejected and in conflict. */
  async function run(lists: Call[][]): Promise<{ status: string; call: Call }[]> {
    const answers = await apps.execute(lists);
    return answers.flatMap((list, app) =>
      list.map((answer, index) => {
        const status = answer.error ?? (answer.receipt as { status: string }).status;
        return { status, call: lists[app]?.[index] as Call };
      }),
    );
  }

  test("on one context: each command is recorded or in conflict, and the sum is right", async () => {
    const account = "contended";
    const calls: Call[] = Array.from({ length: 100 }, () => ({ command: "Deposit", input: { account, amount: 1 } }));
    const results = await run([calls, calls, calls, calls]);
    const recorded = results.filter(({ status }) => status === "recorded");
    expect(results.filter(({ status }) => status !== "recorded" && status !== "conflict")).toEqual([]);
    expect(recorded.length).toBeGreaterThan(0);
    expect(await sumOf(account)).toMatchObject({ sum: recorded.length, entries: recorded.length });
  });

  test("on contexts that overlap: money moves in a ring, and none is made or lost", async () => {
    const ring = ["ring-a", "ring-b", "ring-c"];
    for (const account of ring) await ledger.execute(deposit, { account, amount: 20 }, ada);
    const calls = ring.map((from, index): Call => {
      const to = ring[(index + 1) % 3] ?? "";
      return { command: "Transfer", input: { from, to, amount: 7 }, options: { maxAttempts: 50 } };
    });
    const lists = Array.from({ length: 4 }, () => Array.from({ length: 10 }, () => calls).flat());
    const results = await run(lists);
    expect(results.filter(({ status }) => status === "rejected" || status === "recorded")).toHaveLength(120);
    const sums = await Promise.all(ring.map(sumOf));
    expect(sums.reduce((total, { sum }) => total + sum, 0)).toBe(60);
    for (const { sum } of sums) expect(sum).toBeGreaterThanOrEqual(0);
  });
});

test("lanes of one process that share an account are decided one after the other, without a conflict", async () => {
  await ledger.execute(deposit, { account: "hub", amount: 50 }, ada);
  watched.reset();
  const transfers = Array.from({ length: 30 }, (_, n) =>
    ledger.execute(transfer, { from: "hub", to: `spoke-${n}`, amount: 2 }, { ...ada, maxAttempts: 1 }),
  );
  const statuses = (await Promise.all(transfers)).map(({ status }) => status);
  expect(statuses.filter((status) => status === "recorded")).toHaveLength(25);
  expect(await sumOf("hub")).toMatchObject({ sum: 0 });
});
