import { type AnyReaction, defineModel, defineReaction, giveUp, type ReactionTask } from "@eventchain/ledger";
import { openPostgresReactions } from "@eventchain/store";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { endLeases, listOf, moveDueTimes, openReactingApp, type ReactingApp } from "../support/reacting-app.ts";
import {
  askPayment,
  cancelOrder,
  OrderCancelled,
  OrderPlaced,
  PaymentAsked,
  PaymentMade,
  ShipmentSent,
  sendShipment,
} from "../support/shop.ts";

let database: TestDatabase;
const opened: ReactingApp[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
});
afterEach(async () => {
  for (const app of opened.splice(0)) await app[Symbol.asyncDispose]();
});
afterAll(() => database?.drop());

const FAST = { firstMs: 1, factor: 1, maxMs: 1 };
const DAY_MS = 86_400_000;

async function open(reactions: readonly AnyReaction[], origin?: string): Promise<ReactingApp> {
  const options = { commands: [askPayment, sendShipment, cancelOrder] };
  const given = origin === undefined ? {} : { origin };
  const app = await openReactingApp({ pool: database.pool, reactions, options, ...given });
  opened.push(app);
  return app;
}

/** One event in a stream, with a number to know it by. */
async function place({ ledger }: ReactingApp, stream: string, amount: number): Promise<void> {
  await ledger.append(stream, OrderPlaced({ orderId: "1", amount }, { stream }));
}

async function tasksOf({ ledger }: ReactingApp): Promise<ReactionTask[]> {
  return listOf(ledger.reactionTasks());
}

const typesOf = async ({ ledger }: ReactingApp): Promise<string[]> =>
  (await listOf(ledger.readAll())).map(({ type }) => type).filter((type) => !type.startsWith("$"));

describe("in the order of the streams", () => {
  /** Fails at the amounts named, and notes the others. */
  function ordered(seen: string[], bad: ReadonlySet<number>, attempts = 2): AnyReaction {
    return defineReaction("ship", { from: "start", order: "stream", retry: { ...FAST, attempts } }).on(
      OrderPlaced,
      ({ stream, data }) => {
        if (bad.has(data.amount)) throw new Error("not now");
        seen.push(`${stream} ${data.amount}`);
      },
    );
  }

  /** Their tasks are there, and none is run. */
  async function takeInAlone(app: ReactingApp): Promise<void> {
    const reactions = openPostgresReactions(database.pool);
    await reactions.begin(app.ledgerId, [{ name: "ship", fromNow: false, isOrdered: true }]);
    const [from] = await reactions.survey(app.ledgerId, [{ name: "ship", level: "appended" }]);
    if (from === undefined) throw new Error("it has begun");
    const events = await listOf(app.ledger.readAll());
    const tasks = events.map(({ position, stream }) => {
      const task = { position, stream, handler: "on:OrderPlaced", isTimeout: false, isChecked: true };
      return { ...task, dueAtMicros: null };
    });
    await reactions.takeIn(app.ledgerId, { reaction: "ship", from, to: from.bound, tasks, isOrdered: true });
  }

  test("each stream's events are handled one after the other", async () => {
    const seen: string[] = [];
    const app = await open([ordered(seen, new Set())]);
    for (let amount = 1; amount <= 20; amount++) await place(app, `s${amount % 2}`, amount);
    await app.settle();
    const of = (stream: string) => seen.filter((each) => each.startsWith(stream)).map((each) => Number(each.slice(3)));
    expect(of("s0")).toEqual([2, 4, 6, 8, 10, 12, 14, 16, 18, 20]);
    expect(of("s1")).toEqual([1, 3, 5, 7, 9, 11, 13, 15, 17, 19]);
  });

  test("one that fails holds up those after it in its stream, dead too, and no other stream", async () => {
    const seen: string[] = [];
    const app = await open([ordered(seen, new Set([2]))]);
    for (const [stream, amount] of [
      ["a", 1],
      ["a", 2],
      ["b", 3],
      ["a", 4],
      ["b", 5],
    ] as const)
      await place(app, stream, amount);
    await app.settle();
    expect(seen.filter((each) => each.startsWith("a"))).toEqual(["a 1"]);
    expect(seen.filter((each) => each.startsWith("b"))).toEqual(["b 3", "b 5"]);
    expect((await tasksOf(app)).map(({ position, state }) => [position, state])).toEqual([
      [2n, "dead"],
      [4n, "waiting"],
    ]);
    await place(app, "a", 6);
    await app.settle();
    expect(seen.at(-1)).toBe("b 5");
  });

  test("retried with success it lets those after it follow", async () => {
    const seen: string[] = [];
    const bad = new Set([1]);
    const app = await open([ordered(seen, bad)]);
    for (const amount of [1, 2, 3]) await place(app, "a", amount);
    await app.settle();
    expect(seen).toEqual([]);
    bad.clear();
    expect(await app.ledger.retryReaction({ reaction: "ship", position: 1n })).toBe(1);
    expect(await tasksOf(app)).toMatchObject([{ state: "waiting", attempts: 0 }, {}, {}]);
    await app.settle();
    expect(seen).toEqual(["a 1", "a 2", "a 3"]);
  });

  test("dropped it lets those after it follow", async () => {
    const seen: string[] = [];
    const app = await open([ordered(seen, new Set([1]))]);
    for (const amount of [1, 2, 3]) await place(app, "a", amount);
    await app.settle();
    expect(await app.ledger.dropReactionTask({ reaction: "ship", position: 1n })).toBe(1);
    await app.settle();
    expect(seen).toEqual(["a 2", "a 3"]);
    expect(await tasksOf(app)).toEqual([]);
  });

  test("a task that is leased elsewhere holds its stream up until its lease is over", async () => {
    const seen: string[] = [];
    const app = await open([ordered(seen, new Set())]);
    for (const amount of [1, 2]) await place(app, "a", amount);
    await takeInAlone(app);
    const reactions = openPostgresReactions(database.pool);
    const lease = "00000000-0000-7000-8000-000000000001";
    const elsewhere = await reactions.take(app.ledgerId, {
      reaction: "ship",
      isOrdered: true,
      most: 5,
      lease,
      leaseMs: 60_000,
    });
    expect(elsewhere.map(({ position }) => position)).toEqual([1n]);
    await app.settle();
    expect(seen).toEqual([]);
    await endLeases(database.pool, app.ledgerId);
    await app.settle();
    expect(seen).toEqual(["a 1", "a 2"]);
    expect(await reactions.finish(app.ledgerId, elsewhere[0] as never)).toBe(false);
  });

  test("taken away again, what was held up is run", async () => {
    const seen: string[] = [];
    const app = await open([ordered(seen, new Set([1]))]);
    for (const amount of [1, 2, 3]) await place(app, "a", amount);
    await app.settle();
    const loose = defineReaction("ship").on(OrderPlaced, ({ data }) => void seen.push(`${data.amount}`));
    const next = await open([loose], app.origin);
    await next.settle();
    expect(seen.sort()).toEqual(["2", "3"]);
  });

  test("time-outs hold up nothing, and no two runs of a stream are made at the same time", async () => {
    let atOnce = 0;
    let most = 0;
    const handlers: string[] = [];
    const run = (name: string) => async () => {
      atOnce += 1;
      most = Math.max(most, atOnce);
      await new Promise((resolve) => setTimeout(resolve, 5));
      handlers.push(name);
      atOnce -= 1;
    };
    const app = await open([
      defineReaction("watch", { from: "start", order: "stream" })
        .on(OrderPlaced, run("on"))
        .onTimeout(OrderPlaced, { afterMs: DAY_MS }, run("timeout")),
    ]);
    for (const amount of [1, 2, 3]) await place(app, "a", amount);
    await app.settle();
    expect(handlers).toEqual(["on", "on", "on"]);
    await moveDueTimes(database.pool, app.ledgerId, DAY_MS);
    await place(app, "a", 4);
    await app.settle();
    expect(handlers.slice(3).sort()).toEqual(["on", "timeout", "timeout", "timeout"]);
    expect(most).toBe(1);
  });
});

describe("a time-out", () => {
  test("runs once so long after the event was recorded, with the state as of then", async () => {
    const order = defineModel("order", { initial: () => "open" }).on(OrderCancelled, () => "cancelled");
    const states: string[] = [];
    const app = await open([
      defineReaction("chase", { from: "start", model: order }).onTimeout(
        OrderPlaced,
        { afterMs: 3 * DAY_MS },
        (_, { state }) => void states.push(state),
      ),
    ]);
    for (const orderId of ["1", "2"]) await app.ledger.append(`order-${orderId}`, OrderPlaced({ orderId, amount: 1 }));
    await app.settle();
    const [task] = await tasksOf(app);
    const [event] = await listOf(app.ledger.readAll());
    expect((task?.dueAtMicros ?? 0n) - (event?.recordedAtMicros ?? 0n)).toBe(BigInt(3 * DAY_MS) * 1_000n);
    expect(states).toEqual([]);
    await app.ledger.execute(cancelOrder, { orderId: "2", reason: "changed my mind" }, { actor: "ada" });
    await moveDueTimes(database.pool, app.ledgerId, 3 * DAY_MS);
    await app.settle();
    expect(states.sort()).toEqual(["cancelled", "open"]);
    expect(await tasksOf(app)).toEqual([]);
  });

  test("runs at the instant that the event names, a past one at once", async () => {
    const seen: number[] = [];
    const at = new Map<number, string | Date>([
      [1, "2020-01-01T00:00:00Z"],
      [2, new Date("2020-01-01T00:00:00Z")],
      [3, "2999-12-31T23:59:59.999+01:00"],
    ]);
    const app = await open([
      defineReaction("chase", { from: "start" }).onTimeout(
        OrderPlaced,
        { at: ({ data }) => at.get(data.amount) ?? "" },
        ({ data }) => void seen.push(data.amount),
      ),
    ]);
    for (const amount of at.keys()) await place(app, "a", amount);
    await app.settle();
    expect(seen.sort()).toEqual([1, 2]);
    expect((await tasksOf(app)).map(({ dueAtMicros }) => new Date(Number(dueAtMicros / 1_000n)).toISOString())).toEqual(
      ["2999-12-31T22:59:59.999Z"],
    );
  });

  test.each([
    ["no time", () => "soon", /"soon" is not a time with an offset/],
    ["an invalid Date", () => new Date(Number.NaN), /time-out's `at` gave an invalid Date/],
  ])("at %s is a dead letter; once it can be said, it is due then", async (_, at, message) => {
    const seen: number[] = [];
    const chase = (when: () => string | Date) =>
      defineReaction("chase", { from: "start", retry: { ...FAST, attempts: 1 } }).onTimeout(
        OrderPlaced,
        { at: when },
        ({ data }) => void seen.push(data.amount),
      );
    const app = await open([chase(at)]);
    await place(app, "a", 1);
    await app.settle();
    expect(await tasksOf(app)).toMatchObject([{ state: "dead", error: expect.stringMatching(message) }]);
    app.deploy([chase(() => "2999-01-01T00:00:00Z")]);
    await app.ledger.retryReaction({ reaction: "chase" });
    await app.settle();
    expect(await tasksOf(app)).toMatchObject([{ state: "waiting", attempts: 0, dueAtMicros: 32_472_144_000_000_000n }]);
    expect(seen).toEqual([]);
  });
});

describe("a process manager", () => {
  /** Order → payment → shipment; an order that is not paid in three days is cancelled. */
  const progress = defineModel("progress", { initial: () => ({ amount: 0, paid: false, sent: false }) })
    .on(OrderPlaced, (state, { data }) => ({ ...state, amount: data.amount }))
    .on(PaymentMade, (state) => ({ ...state, paid: true }))
    .on(ShipmentSent, (state) => ({ ...state, sent: true }));
  const orderProcess = defineReaction("order-process", {
    from: "start",
    model: progress,
    context: ({ tags }) => ({ kind: "query", items: [{ tags }] }),
  })
    .on(OrderPlaced, ({ data: { orderId, amount } }, { execute }) => execute(askPayment, { orderId, amount }))
    .on(PaymentMade, async ({ data: { orderId } }, { execute, state }) => {
      if (state.amount > 0 && !state.sent) await execute(sendShipment, { orderId });
    })
    .onTimeout(OrderPlaced, { afterMs: 3 * DAY_MS }, async ({ data: { orderId } }, { execute, state }) => {
      if (!state.paid) await execute(cancelOrder, { orderId, reason: "not paid in three days" });
    });

  test("leads an order that is paid to its shipment, and cancels one that is not when its time is over", async () => {
    const app = await open([orderProcess]);
    for (const orderId of ["1", "2"]) await app.ledger.append(`order-${orderId}`, OrderPlaced({ orderId, amount: 7 }));
    await app.settle();
    expect(await typesOf(app)).toEqual([OrderPlaced, OrderPlaced, PaymentAsked, PaymentAsked].map(({ type }) => type));
    await app.ledger.append("payment-1", PaymentMade({ orderId: "1" }));
    await app.settle();
    await moveDueTimes(database.pool, app.ledgerId, 3 * DAY_MS);
    await app.settle();
    const last = (await listOf(app.ledger.readAll())).slice(5);
    expect(last.map(({ type, data }) => [type, data?.orderId])).toEqual([
      ["ShipmentSent", "1"],
      ["OrderCancelled", "2"],
    ]);
    expect(await tasksOf(app)).toEqual([]);
  });
});

describe("dead letters", () => {
  async function withDead(): Promise<ReactingApp> {
    const app = await open([
      defineReaction("mail", { from: "start" })
        .on(OrderPlaced, () => {
          throw giveUp("no");
        })
        .onTimeout(OrderPlaced, { afterMs: 0 }, () => {
          throw giveUp("no");
        }),
    ]);
    for (const amount of [1, 2]) await place(app, "a", amount);
    await app.settle();
    return app;
  }

  test("are listed by reaction, state, and up to a limit", async () => {
    const { ledger } = await withDead();
    const keys = async (options: Parameters<typeof ledger.reactionTasks>[0]) =>
      (await listOf(ledger.reactionTasks(options))).map(({ position, handler }) => `${position} ${handler}`);
    const all = ["1 on:OrderPlaced", "1 timeout:OrderPlaced", "2 on:OrderPlaced", "2 timeout:OrderPlaced"];
    expect(await keys({})).toEqual(all);
    expect(await keys({ reaction: "mail", state: "dead", limit: 3 })).toEqual(all.slice(0, 3));
    expect(await keys({ state: "waiting" })).toEqual([]);
    expect(await keys({ reaction: "other" })).toEqual([]);
    expect(await ledger.reactions()).toMatchObject([{ name: "mail", waiting: 0n, dead: 4n }]);
  });

  test("are retried all, by event, or by handler; what is not dead stays as it is", async () => {
    const { ledger } = await withDead();
    expect(await ledger.retryReaction({ reaction: "mail", position: 1n, handler: "on:OrderPlaced" })).toBe(1);
    expect(await ledger.retryReaction({ reaction: "mail", position: 1n })).toBe(1);
    expect(await ledger.retryReaction({ reaction: "mail" })).toBe(2);
    expect(await ledger.retryReaction({ reaction: "mail" })).toBe(0);
    expect(await ledger.dropReactionTask({ reaction: "mail", position: 1n })).toBe(0);
    expect(await ledger.reactions()).toMatchObject([{ waiting: 4n, dead: 0n }]);
  });

  test("of a reaction that nobody knows, and what is misspelt, are refused", async () => {
    const { ledger } = await withDead();
    await expect(ledger.retryReaction({ reaction: "male" })).rejects.toMatchObject({
      code: "not-found",
      message: expect.stringContaining("those that began are mail"),
    });
    const bad = [
      () => ledger.retryReaction({ reaction: "mail", positions: 1n } as never),
      () => ledger.retryReaction({ reaction: "" }),
      () => ledger.retryReaction({ reaction: "mail", position: 0n }),
      () => ledger.dropReactionTask({ reaction: "mail" } as never),
      async () => listOf(ledger.reactionTasks({ state: "done" as never })),
      async () => listOf(ledger.reactionTasks({ limit: -1 })),
    ];
    for (const call of bad) await expect(call()).rejects.toMatchObject({ code: "invalid-argument" });
    expect(await ledger.reactions()).toMatchObject([{ dead: 4n }]);
  });
});
