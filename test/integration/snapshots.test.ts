import {
  type At,
  type Connection,
  connect,
  defineAccess,
  defineCommand,
  defineEvent,
  defineModel,
  defineSnapshots,
  type LedgerOptions,
  query,
  reject,
  type SnapshotProblem,
  stream,
} from "@eventchain/ledger";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { type AnyLedgers, memoryLedgers, postgresLedgers } from "../support/any-ledger.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { createStagedLedger } from "../support/staged-ledger.ts";

const Moved = defineEvent("Moved", {
  schema: z.object({ account: z.string(), by: z.number(), secret: z.boolean().optional() }),
  tags: ({ account, secret }) => [`account:${account}`, ...(secret === true ? ["secret"] : [])],
  stream: ({ account }) => `account-${account}`,
});
/** How often a handler was called: what a reading starts from shows in it. */
let applied = 0;
const balanceOf = (version: number, factor: number) =>
  defineModel("balance", { initial: () => ({ sum: 0 }), version }).on(Moved, ({ sum }, { data }) => {
    applied += 1;
    return { sum: sum + data.by * factor };
  });
const balance = balanceOf(1, 1);
const move = defineCommand("Move", {
  input: z.object({ account: z.string(), by: z.number() }),
  context: ({ account }) => stream(`account-${account}`),
  model: balance,
  records: [Moved],
  rejects: { overdrawn: "There is not enough" },
  decide: ({ input, model }) => (model.sum + input.by < 0 ? reject("overdrawn") : Moved(input)),
});
const moveTagged = defineCommand("MoveTagged", {
  input: z.object({ account: z.string(), by: z.number() }),
  context: ({ account }) => query({ tags: [`account:${account}`] }),
  model: balance,
  records: [Moved],
  decide: ({ input }) => Moved(input),
});
const rule = defineSnapshots(balance, { every: 4, mode: "sync" });
/** The same, of which the process that appends does nothing. */
const others = defineSnapshots(balance, { every: 4, mode: "async" });
const ada = { actor: "ada" };

describe("a decision on a context that is not in memory", () => {
  let database: TestDatabase;
  let pool: pg.Pool;
  let sent: string[];
  let origins = 0;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database?.drop());
  beforeEach(() => {
    sent = [];
    pool = new pg.Pool({ connectionString: database.url, max: 4 });
    pool.on("connect", (client) => {
      const send = client.query.bind(client) as (...given: unknown[]) => unknown;
      client.query = ((...given: unknown[]) => {
        sent.push((given[0] as { text?: string }).text ?? String(given[0]));
        return send(...given);
      }) as typeof client.query;
    });
    return () => pool.end();
  });

  async function reopened(
    options: LedgerOptions,
    run: (ledger: Awaited<ReturnType<Connection["ledger"]>>) => Promise<void>,
    origin: string,
  ) {
    await using connection = await connect({ database: pool });
    const ledger = await connection.ledger(origin, { commands: [move, moveTagged], ...options });
    sent.length = 0;
    applied = 0;
    await run(ledger);
  }
  const finds = () => sent.filter((text) => text.includes("eventchain.snapshots")).length;

  async function filled(options: LedgerOptions): Promise<string> {
    const { origin } = await createStagedLedger(database.pool, `snapshots-${++origins}.test`);
    await reopened(
      options,
      async (ledger) => {
        for (let n = 0; n < 10; n += 1) await ledger.execute(move, { account: "a", by: 1 }, ada);
      },
      origin,
    );
    return origin;
  }

  test("starts from the newest snapshot, by one more query", async () => {
    const origin = await filled({ snapshots: [rule] });
    await reopened(
      { snapshots: [others] },
      async (ledger) => {
        await ledger.execute(move, { account: "a", by: -10 }, ada);
        // Events 9 and 10 past the snapshot at version 8, and the one decided.
        expect(applied).toBe(3);
        expect([finds(), sent.length]).toEqual([1, 3]);
        // In memory now.
        await ledger.execute(move, { account: "a", by: 1 }, ada);
        expect([finds(), sent.length]).toEqual([1, 5]);
      },
      origin,
    );
  });

  test("asks for no snapshot of a model, or a stream, that no rule takes one of", async () => {
    const origin = await filled({});
    const options = { snapshots: [defineSnapshots(balance, { every: 4, mode: "sync", streams: "other-" })] };
    for (const without of [{}, options])
      await reopened(
        without,
        async (ledger) => {
          await ledger.execute(move, { account: "a", by: 1 }, ada);
          expect([finds(), sent.length]).toEqual([0, 2]);
        },
        origin,
      );
  });

  test("starts from the snapshot of exactly its query, and of no other", async () => {
    const of = query({ tags: ["account:a"] });
    const by = (mode: "sync" | "async") => ({
      snapshots: [defineSnapshots(balance, { every: 4, mode, of, branch: "a" })],
    });
    const origin = await filled(by("sync"));
    await reopened(
      by("async"),
      async (ledger) => {
        await ledger.execute(moveTagged, { account: "b", by: 1 }, ada);
        expect(finds()).toBe(0);
        applied = 0;
        await ledger.execute(moveTagged, { account: "a", by: 1 }, ada);
        expect(applied).toBe(3);
      },
      origin,
    );
  });
});

describe.each<[string, () => Promise<AnyLedgers>]>([
  ["in memory", memoryLedgers],
  ["in Postgres", postgresLedgers],
])("%s", (_, openLedgers) => {
  let ledgers: AnyLedgers;
  let origins = 0;
  beforeAll(async () => {
    ledgers = await openLedgers();
  });
  afterAll(() => ledgers?.close());
  beforeEach(() => {
    applied = 0;
  });

  async function open(options: LedgerOptions = {}) {
    const { ledger } = await ledgers.open(`time-${++origins}.test`, { events: [Moved], ...options });
    for (let n = 1; n <= 6; n += 1) await ledger.append("account-a", Moved({ account: "a", by: n, secret: n === 2 }));
    applied = 0;
    return ledger;
  }

  test("a state is read from the newest snapshot before the point on", async () => {
    const ledger = await open({ snapshots: [rule] });
    expect(await ledger.stateAt(balance, "account-a")).toEqual({ state: { sum: 21 }, position: 7n, version: 6n });
    expect(applied).toBe(2);
    applied = 0;
    expect(await ledger.state(balance, "account-a", { at: { version: 4 } })).toEqual({ sum: 10 });
    expect(applied).toBe(0);
    expect(await ledger.state(balance, "account-a", { at: { version: 3 } })).toEqual({ sum: 6 });
    expect(applied).toBe(3);
  });

  test("snapshots of a model's older version are unused, not wrong", async () => {
    const problems: SnapshotProblem[] = [];
    const warned = (warning: Error) => problems.push(warning as never);
    process.on("warning", warned);
    const ledger = await open({ snapshots: [rule] });
    expect(await ledger.state(balanceOf(2, 10), "account-a")).toEqual({ sum: 210 });
    expect(applied).toBe(6);
    await ledger.snapshot(balanceOf(2, 10), "account-a");
    applied = 0;
    expect(await ledger.state(balanceOf(2, 10), "account-a")).toEqual({ sum: 210 });
    expect(applied).toBe(0);
    expect(await ledger.state(balance, "account-a")).toEqual({ sum: 21 });
    process.off("warning", warned);
    expect(problems).toEqual([]);
  });

  test("a view that does not see all starts from no snapshot, and sees nothing of what it may not", async () => {
    const access = defineAccess(({ roles }) => (roles.includes("auditor") ? "all" : [{ tags: ["secret"] }]));
    const ledger = await open({ snapshots: [rule], access });
    const some = ledger.as({ id: "bob", roles: [] });
    expect(await some.state(balance, "account-a")).toEqual({ sum: 2 });
    expect(await some.stateAt(balance, "account-a")).toEqual({ state: { sum: 2 }, position: 2n, version: 2n });
    expect(applied).toBe(2);
    await expect(some.state(balance, "account-a", { at: { version: 3 } })).rejects.toMatchObject({ code: "not-found" });
    await expect(some.state(balance, "account-a", { at: { position: 3 } })).rejects.toMatchObject({
      code: "not-found",
    });
    applied = 0;
    const all = ledger.as({ id: "eve", roles: ["auditor"] });
    expect(await all.state(balance, "account-a")).toEqual({ sum: 21 });
    expect(applied).toBe(2);
  });

  test("a difference says what changed between two points, in either direction", async () => {
    const ledger = await open();
    const path = "$.sum";
    const [from, to] = [{ version: 2 }, { position: 3 }];
    const changes = async (given: { from: At; to?: At }) => (await ledger.diff(balance, "account-a", given)).changes;
    expect(await changes({ from, to })).toEqual([{ path, before: 3, after: 6 }]);
    expect(await changes({ from: to, to: from })).toEqual([{ path, before: 6, after: 3 }]);
    expect(await changes({ from })).toEqual([{ path, before: 3, after: 21 }]);
    expect(await changes({ from: { version: 6n } })).toEqual([]);
  });

  test.each<[string, unknown, string]>([
    ["a version that is not there", { version: 7 }, "not-found"],
    ["a position past the newest", { position: 99n }, "not-found"],
    ["a negative version", { version: -1 }, "invalid-argument"],
    ["a version that is no whole number", { version: 1.5 }, "invalid-argument"],
    ["two points", { version: 1, position: 1 }, "invalid-argument"],
    ["no point", {}, "invalid-argument"],
    ["a time without an offset", { time: "2026-01-01T00:00:00" }, "invalid-argument"],
    ["an invalid Date", { time: new Date(Number.NaN) }, "invalid-argument"],
    ["an unknown key", { versoin: 1 }, "invalid-argument"],
  ])("%s is refused", async (_, at, code) => {
    const ledger = await open();
    await expect(ledger.state(balance, "account-a", { at: at as At })).rejects.toMatchObject({ code });
    await expect(ledger.diff(balance, "account-a", { from: at as At })).rejects.toMatchObject({ code });
  });

  test("a query has positions and times, and no versions", async () => {
    const ledger = await open();
    const of = query({ tags: ["account:a"] });
    expect(await ledger.stateAt(balance, of, { at: { position: 2 } })).toEqual({
      state: { sum: 3 },
      position: 2n,
      version: undefined,
    });
    await expect(ledger.state(balance, of, { at: { version: 1 } })).rejects.toMatchObject({ code: "invalid-argument" });
  });

  test("a stream without events has its model's first state, at any point", async () => {
    const ledger = await open();
    expect(await ledger.stateAt(balance, "none")).toEqual({ state: { sum: 0 }, position: 6n, version: 0n });
    expect(await ledger.stateAt(balance, "none", { at: { version: 0 } })).toEqual({
      state: { sum: 0 },
      position: 0n,
      version: 0n,
    });
  });
});
