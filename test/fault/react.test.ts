import { defineReaction, giveUp } from "@eventchain/ledger";
import { openPostgresReactions, type ReactionStore } from "@eventchain/store";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { type Fault, type FaultMode, failing, faultModes } from "../support/ledger-workers.ts";
import { endLeases, listOf, openReactingApp, type ReactingApp } from "../support/reacting-app.ts";
import { askPayment, OrderPlaced } from "../support/shop.ts";

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database?.drop());

/** A reaction whose first run, before or after its effects, does what the step under test needs. */
function billing(effects: Map<string, number>, first: "well" | "fails" | "gives up" = "well") {
  return defineReaction("billing", {
    from: "start",
    order: "stream",
    retry: { attempts: 20, firstMs: 1, factor: 1, maxMs: 1 },
  }).on(OrderPlaced, async ({ data }, { execute, idempotencyKey, attempt }) => {
    await execute(askPayment, data);
    effects.set(idempotencyKey, (effects.get(idempotencyKey) ?? 0) + 1);
    if (attempt === 1 && first === "fails") throw new Error("not now");
    if (attempt === 1 && first === "gives up") throw giveUp("never");
  });
}

async function openWith(
  store: ReactionStore,
  effects: Map<string, number>,
  first: Parameters<typeof billing>[1],
  origin?: string,
) {
  return openReactingApp({
    pool: database.pool,
    reactions: [billing(effects, first)],
    options: { commands: [askPayment] },
    store,
    ...(origin === undefined ? {} : { origin }),
  });
}

async function place({ ledger }: ReactingApp, ...orderIds: string[]): Promise<void> {
  for (const orderId of orderIds)
    await ledger.append("orders", OrderPlaced({ orderId, amount: 1 }, { stream: "orders" }));
}

/** A round that may fail, as the worker's loop sees it, and the runs that it began. */
async function roundThatMayFail(app: ReactingApp): Promise<void> {
  await app.round().catch(() => undefined);
}

const steps: readonly (readonly [keyof ReactionStore & string, Parameters<typeof billing>[1]])[] = [
  ["begin", "well"],
  ["takeIn", "well"],
  ["take", "well"],
  ["finish", "well"],
  ["putOff", "fails"],
  ["bury", "gives up"],
];

describe.each(steps)("when %s", (step, first) => {
  test.each(faultModes)("fails %s it is stored, a restart ends with one effect and one command each", async (mode) => {
    const effects = new Map<string, number>();
    const sound = openPostgresReactions(database.pool);
    const fault: Fault = { fired: false };
    const app = await openWith(failing(sound, step, mode, fault), effects, first);
    await place(app, "1", "2");
    await roundThatMayFail(app);
    expect(fault.fired).toBe(true);
    await app[Symbol.asyncDispose]();
    await endLeases(database.pool, app.ledgerId);

    const next = await openWith(sound, effects, first, app.origin);
    await next.settle();
    await next.ledger.retryReaction({ reaction: "billing" });
    // What gave up in its first run does so again: it is taken for good.
    next.deploy([billing(effects)]);
    await next.settle();
    await next.ledger.retryReaction({ reaction: "billing" });
    await next.settle();
    expect(effects.size).toBe(2);
    const events = await listOf(next.ledger.readAll());
    expect(events.map(({ type, data }) => `${type} ${data?.orderId}`)).toEqual([
      "OrderPlaced 1",
      "OrderPlaced 2",
      "PaymentAsked 1",
      "PaymentAsked 2",
    ]);
    expect(await listOf(next.ledger.reactionTasks())).toEqual([]);
    expect(await next.ledger.reactions()).toMatchObject([{ position: 4n, waiting: 0n, dead: 0n }]);
    await next[Symbol.asyncDispose]();
  });
});

describe("taking in", () => {
  test.each(faultModes)(
    "that fails %s it is stored makes no task twice, and none is missing",
    async (mode: FaultMode) => {
      const sound = openPostgresReactions(database.pool);
      const app = await openWith(failing(sound, "takeIn", mode, { fired: false }), new Map(), "well");
      await place(app, "1", "2", "3");
      await roundThatMayFail(app);
      const { rows } = await database.pool.query<{ count: string }>(
        "select count(*) from eventchain.reaction_tasks where ledger_id = $1",
        [app.ledgerId],
      );
      const [status] = await app.ledger.reactions();
      expect([status?.position, Number(rows[0]?.count)]).toEqual(mode === "before" ? [0n, 0] : [3n, 3]);
      await app[Symbol.asyncDispose]();
    },
  );

  test("is done by one of two that read the same", async () => {
    const reactions = openPostgresReactions(database.pool);
    const app = await openWith(reactions, new Map(), "well");
    await place(app, "1");
    await reactions.begin(app.ledgerId, [{ name: "billing", fromNow: false, isOrdered: false }]);
    const [from] = await reactions.survey(app.ledgerId, [{ name: "billing", level: "appended" }]);
    if (from === undefined) throw new Error("it has begun");
    const task = { position: 1n, handler: "on:OrderPlaced", stream: "orders", isTimeout: false, isChecked: true };
    const input = { reaction: "billing", from, to: 1n, tasks: [{ ...task, dueAtMicros: null }], isOrdered: false };
    const both = await Promise.all([reactions.takeIn(app.ledgerId, input), reactions.takeIn(app.ledgerId, input)]);
    expect(both.sort()).toEqual([false, true]);
    expect((await listOf(app.ledger.reactionTasks())).length).toBe(1);
    await app[Symbol.asyncDispose]();
  });
});

describe("a worker that dies in a run", () => {
  test("costs the task an attempt; when none is left it is a dead letter, and not run again", async () => {
    let runs = 0;
    const reactions = openPostgresReactions(database.pool);
    const deadly = defineReaction("deadly", { from: "start", retry: { attempts: 2 } }).on(OrderPlaced, () => {
      runs += 1;
    });
    const app = await openReactingApp({ pool: database.pool, reactions: [], store: reactions });
    await place(app, "1");
    await reactions.begin(app.ledgerId, [{ name: "deadly", fromNow: false, isOrdered: false }]);
    const [from] = await reactions.survey(app.ledgerId, [{ name: "deadly", level: "appended" }]);
    if (from === undefined) throw new Error("it has begun");
    const task = { position: 1n, handler: "on:OrderPlaced", stream: "orders", isTimeout: false, isChecked: true };
    await reactions.takeIn(app.ledgerId, {
      reaction: "deadly",
      from,
      to: 1n,
      tasks: [{ ...task, dueAtMicros: null }],
      isOrdered: false,
    });
    for (const lease of ["00000000-0000-7000-8000-000000000001", "00000000-0000-7000-8000-000000000002"]) {
      const taken = await reactions.take(app.ledgerId, {
        reaction: "deadly",
        isOrdered: false,
        most: 1,
        lease,
        leaseMs: 60_000,
      });
      expect(taken.length).toBe(1);
      await endLeases(database.pool, app.ledgerId);
      await reactions.expire(app.ledgerId, "deadly");
    }
    app.deploy([deadly]);
    await app.settle();
    expect(runs).toBe(0);
    expect(await listOf(app.ledger.reactionTasks())).toMatchObject([
      { state: "dead", error: "run 2 of 2 ended with its worker: no attempt is left" },
    ]);
    await app[Symbol.asyncDispose]();
  });
});
