import { randomUUID } from "node:crypto";
import {
  type AnyReaction,
  defineEvent,
  defineModel,
  defineReaction,
  giveUp,
  type LedgerEvent,
} from "@eventchain/ledger";
import { openPostgresStore } from "@eventchain/store";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { asAdministrator } from "../support/ledger-workers.ts";
import { listOf, moveDueTimes, openReactingApp, type ReactingApp } from "../support/reacting-app.ts";
import { askPayment, OrderPlaced, PaymentAsked } from "../support/shop.ts";
import { createStagedLedger } from "../support/staged-ledger.ts";

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

async function open(...reactions: AnyReaction[]): Promise<ReactingApp> {
  const app = await openReactingApp({ pool: database.pool, reactions, options: { commands: [askPayment] } });
  opened.push(app);
  return app;
}

async function place({ ledger }: ReactingApp, ...orderIds: string[]): Promise<void> {
  for (const orderId of orderIds) await ledger.append(`order-${orderId}`, OrderPlaced({ orderId, amount: 5 }));
}

describe("where a reaction begins", () => {
  test("is the head at its first round, and from then on it misses nothing", async () => {
    const seen: string[] = [];
    const app = await open(defineReaction("mail").on(OrderPlaced, ({ data }) => void seen.push(data.orderId)));
    await place(app, "1");
    await app.settle();
    await place(app, "2", "3");
    await app.settle();
    expect(seen.sort()).toEqual(["2", "3"]);
    expect(await app.ledger.reactions()).toEqual([
      { name: "mail", state: "on", position: 3n, waiting: 0n, dead: 0n, reason: null },
    ]);
  });

  test("is the first event where it says so", async () => {
    const seen: string[] = [];
    const app = await open(
      defineReaction("mail", { from: "start" }).on(OrderPlaced, ({ data }) => void seen.push(data.orderId)),
    );
    await place(app, "1", "2");
    await app.settle();
    expect(seen.sort()).toEqual(["1", "2"]);
  });

  test("is found again by the next process, and what came between is taken in", async () => {
    const seen: string[] = [];
    const mail = defineReaction("mail").on(OrderPlaced, ({ data }) => void seen.push(data.orderId));
    const first = await open(mail);
    await first.settle();
    await first.stop();
    await place(first, "1");
    const second = await openReactingApp({ pool: database.pool, reactions: [mail], origin: first.origin });
    opened.push(second);
    await second.settle();
    expect(seen).toEqual(["1"]);
  });

  test("takes in more than one look takes", async () => {
    const amounts: number[] = [];
    const app = await open(
      defineReaction("count", {
        from: "start",
        where: ({ data }) => Number((data as { amount: number }).amount) % 100 === 0,
      }).on(OrderPlaced, ({ data }) => void amounts.push(data.amount)),
    );
    const events = Array.from({ length: 1_201 }, (_, amount) => OrderPlaced({ orderId: "1", amount }));
    await app.ledger.append("order-1", events);
    await app.settle();
    expect(amounts.length).toBe(13);
  });
});

describe("what a run is given", () => {
  test("is its event in the current version, and a key that each of its runs has", async () => {
    const OldPlaced = defineEvent("OrderPlaced", { schema: z.object({ order: z.string() }) });
    const NewPlaced = defineEvent("OrderPlaced", {
      version: 2,
      schema: z.object({ orderId: z.string() }),
      upcast: { 1: (old) => ({ orderId: old.order }) },
    });
    const given: { orderId: string; key: string; attempt: number; position: bigint }[] = [];
    const app = await open(
      defineReaction("mail", { from: "start", retry: FAST }).on(
        NewPlaced,
        ({ data, position }, { idempotencyKey, attempt }) => {
          given.push({ ...data, key: idempotencyKey, attempt, position });
          if (attempt === 1) throw new Error("once more");
        },
      ),
    );
    await app.ledger.append("order-1", OldPlaced({ order: "1" }));
    await app.settle();
    expect(given.map(({ orderId, attempt, position }) => [orderId, attempt, position])).toEqual([
      ["1", 1, 1n],
      ["1", 2, 1n],
    ]);
    expect(given[0]?.key).toMatch(/^[0-9a-f]{64}$/);
    expect(given[1]?.key).toBe(given[0]?.key);
  });

  test("is the model's state as of the event, however late the run is", async () => {
    const total = defineModel("total", { initial: () => 0 }).on(OrderPlaced, (sum, { data }) => sum + data.amount);
    const states: number[] = [];
    const app = await open(
      defineReaction("sum", { from: "start", order: "stream", model: total }).on(
        OrderPlaced,
        (_, { state }) => void states.push(state),
      ),
    );
    await place(app, "1", "1", "1");
    await app.settle();
    expect(states).toEqual([5, 10, 15]);
  });

  test("on any event, is the event as it was stored, of every type but the ledger's own", async () => {
    const seen: LedgerEvent[] = [];
    const app = await open(defineReaction("all", { from: "start" }).onAny((event) => void seen.push(event)));
    await place(app, "1");
    await app.settle();
    await app.ledger.append("other", { type: "Unknown", data: { a: 1 } });
    await app.ledger.switchHandler("all", false, { by: "ada" });
    await app.ledger.switchHandler("all", true, { by: "ada" });
    await app.settle();
    expect(seen.map(({ type }) => type).sort()).toEqual(["OrderPlaced", "Unknown"]);
    expect(seen.every(({ hash, schema }) => hash.length === 64 && schema === 1)).toBe(true);
  });

  test("where counts: only entities that it picks", async () => {
    const seen: string[] = [];
    const app = await open(
      defineReaction("mail", { from: "start", where: ({ stream }) => stream === "order-2" }).on(
        OrderPlaced,
        ({ data }) => void seen.push(data.orderId),
      ),
    );
    await place(app, "1", "2", "3");
    await app.settle();
    expect(seen).toEqual(["2"]);
  });

  test("is nothing at all for an erased event, but on any event", async () => {
    const seen: string[] = [];
    const app = await open(
      defineReaction("typed", { from: "start" }).on(OrderPlaced, () => void seen.push("typed")),
      defineReaction("any", { from: "start" }).onAny(({ data }) => void seen.push(`any ${data}`)),
    );
    await place(app, "1");
    await asAdministrator(
      database.pool,
      app.ledgerId,
      "update eventchain.events set data = null, salt = null where ledger_id = $1",
    );
    await app.settle();
    expect(seen).toEqual(["any null"]);
    expect((await app.ledger.reactions()).map(({ position, waiting }) => [position, waiting])).toEqual([
      [1n, 0n],
      [1n, 0n],
    ]);
  });
});

describe("a level", () => {
  test.each(["sealed", "final"] as const)("holds back what is not %s", async (level) => {
    const staged = await createStagedLedger(database.pool, `react.test/${randomUUID()}`);
    const seen: string[] = [];
    const app = await openReactingApp({
      pool: database.pool,
      origin: staged.origin,
      reactions: [
        defineReaction("mail", { from: "start", level }).on(OrderPlaced, ({ data }) => void seen.push(data.orderId)),
      ],
    });
    opened.push(app);
    await place(app, "1");
    if (level === "final") await staged.seal();
    await app.settle();
    expect(seen).toEqual([]);
    await (level === "final" ? staged.makeFinal() : staged.seal());
    await app.settle();
    expect(seen).toEqual(["1"]);
  });
});

describe("a command of a run", () => {
  test("is caused by the event, belongs to its correlation, and is the reaction's own", async () => {
    const app = await open(
      defineReaction("billing", { from: "start" }).on(OrderPlaced, async ({ data }, { execute }) => {
        const receipt = await execute(askPayment, data, { reason: "an order" });
        expect(receipt.status).toBe("recorded");
      }),
    );
    await app.ledger.append("order-1", OrderPlaced({ orderId: "1", amount: 5 }), { correlationId: "c-1" });
    await place(app, "2");
    await app.settle();
    const [first, second, ...asked] = await listOf(app.ledger.readAll());
    expect(asked.map(({ type }) => type)).toEqual(["PaymentAsked", "PaymentAsked"]);
    const by = (causationId: string | undefined) => asked.find(({ metadata }) => metadata?.causationId === causationId);
    expect(by(first?.id)?.metadata).toMatchObject({
      correlationId: "c-1",
      actor: "reaction:billing",
      reason: "an order",
    });
    expect(by(second?.id)?.metadata).toMatchObject({ correlationId: second?.id, actor: "reaction:billing" });
  });

  test("is recorded once however often the run is made, one for each of several", async () => {
    const outcomes: string[] = [];
    const app = await open(
      defineReaction("billing", { from: "start", retry: FAST }).on(
        OrderPlaced,
        async ({ data }, { execute, attempt }) => {
          const twice = [await execute(askPayment, data), await execute(askPayment, data, { key: "second" })];
          outcomes.push(twice.map(({ status }) => status).join());
          if (attempt < 3) throw new Error("again");
        },
      ),
    );
    await place(app, "1");
    await app.settle();
    expect(outcomes).toEqual(["recorded,rejected", "recorded,rejected", "recorded,rejected"]);
    expect((await listOf(app.ledger.readAll())).map(({ type }) => type)).toEqual(["OrderPlaced", "PaymentAsked"]);
  });

  test("with other input than the run before gave it is refused, and the task ends as a dead letter", async () => {
    const app = await open(
      defineReaction("billing", { from: "start", retry: { ...FAST, attempts: 2 } }).on(
        OrderPlaced,
        async ({ data }, { execute, attempt }) => {
          await execute(askPayment, { ...data, amount: attempt });
          if (attempt === 1) throw new Error("again");
        },
      ),
    );
    await place(app, "1");
    await app.settle();
    const [dead] = await listOf(app.ledger.reactionTasks({ state: "dead" }));
    expect(dead?.error).toMatch(/was recorded with other content/);
    const asked = await listOf(app.ledger.readAll({ filter: { types: [PaymentAsked.type] } }));
    expect(asked.map(({ data }) => data)).toEqual([{ orderId: "1", amount: 1 }]);
  });

  test("is given no id of the caller's own", async () => {
    const problems: string[] = [];
    const app = await open(
      defineReaction("billing", { from: "start" }).on(OrderPlaced, async ({ data }, { execute }) => {
        for (const options of [{ commandId: "mine" }, { causationId: "mine" }, { key: "" }, { retries: 3 }])
          await execute(askPayment, data, options as never).catch((error) => problems.push(error.code));
      }),
    );
    await place(app, "1");
    await app.settle();
    expect(problems).toEqual(Array(4).fill("invalid-argument"));
    expect(await openPostgresStore({ pool: database.pool }).head(app.ledgerId)).toMatchObject({ position: 1n });
  });
});

describe("a failing run", () => {
  test("is made again until its attempts are used up; then it is a dead letter, with what it failed with", async () => {
    let runs = 0;
    const app = await open(
      defineReaction("mail", { from: "start", retry: { ...FAST, attempts: 3 } }).on(OrderPlaced, () => {
        runs += 1;
        throw new Error(`no answer\0 ${"x".repeat(2_000)}`);
      }),
    );
    await place(app, "1");
    await app.settle();
    expect(runs).toBe(3);
    const [task] = await listOf(app.ledger.reactionTasks());
    expect(task).toMatchObject({ reaction: "mail", position: 1n, handler: "on:OrderPlaced", stream: "order-1" });
    expect(task).toMatchObject({ state: "dead", attempts: 3 });
    expect(task?.error).toMatch(/^no answer x{990}$/);
    expect(app.log.map(({ event }) => event)).toEqual([
      "reaction-run-failed",
      "reaction-run-failed",
      "reaction-dead-letter",
    ]);
  });

  test("that gives up is not made again", async () => {
    let runs = 0;
    const app = await open(
      defineReaction("mail", { from: "start" }).on(OrderPlaced, () => {
        runs += 1;
        throw giveUp("no such address");
      }),
    );
    await place(app, "1");
    await app.settle();
    expect(runs).toBe(1);
    expect(await listOf(app.ledger.reactionTasks({ state: "dead" }))).toMatchObject([{ error: "no such address" }]);
  });

  test("waits longer each time", async () => {
    const app = await open(
      defineReaction("mail", { from: "start", retry: { firstMs: 60_000, factor: 10 } }).on(OrderPlaced, () => {
        throw new Error("no");
      }),
    );
    await place(app, "1");
    const pauses: number[] = [];
    for (let run = 0; run < 4; run++) {
      await app.settle();
      pauses.push(Number(app.log.at(-1)?.values.againInMs));
      await moveDueTimes(database.pool, app.ledgerId, 4_600_000);
    }
    for (const [index, wanted] of [60_000, 600_000, 3_600_000, 3_600_000].entries()) {
      expect(pauses[index]).toBeGreaterThanOrEqual(wanted * 0.75);
      expect(pauses[index]).toBeLessThanOrEqual(wanted * 1.25);
    }
  });

  test("of an endless promise is over when its time is, and what it does later does not count", async () => {
    const late: string[] = [];
    const signals: AbortSignal[] = [];
    const app = await open(
      defineReaction("hang", { from: "start", timeoutMs: 20, retry: { ...FAST, attempts: 1 } }).on(
        OrderPlaced,
        async ({ data }, { execute, signal }) => {
          signals.push(signal);
          await new Promise((resolve) => signal.addEventListener("abort", resolve));
          await new Promise((resolve) => setTimeout(resolve, 20));
          await execute(askPayment, data).catch((error) => late.push(error.code));
          throw new Error("rejected when nobody listens any more");
        },
      ),
    );
    await place(app, "1");
    await app.settle();
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(late).toEqual(["aborted"]);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
    expect(await listOf(app.ledger.reactionTasks())).toMatchObject([
      { state: "dead", error: "the run took longer than 20 ms" },
    ]);
    expect((await listOf(app.ledger.readAll())).length).toBe(1);
  });

  test.each([
    [
      "throws",
      () => {
        throw new Error("where is broken");
      },
      "where is broken",
    ],
    ["gives a promise", () => Promise.resolve(true), /its where gave a promise/],
  ])("since `where` %s, is a dead letter that holds up no other event", async (_, broken, message) => {
    const seen: string[] = [];
    const where = (event: { data: unknown }): boolean =>
      (event.data as { orderId: string }).orderId === "1" ? (broken() as never) : true;
    const reaction = (picks: typeof where) =>
      defineReaction("mail", { from: "start", where: picks, retry: { ...FAST, attempts: 2 } }).on(
        OrderPlaced,
        ({ data }) => void seen.push(data.orderId),
      );
    const app = await open(reaction(where));
    await place(app, "1", "2");
    await app.settle();
    expect(seen).toEqual(["2"]);
    expect(await listOf(app.ledger.reactionTasks())).toMatchObject([
      { position: 1n, state: "dead", error: expect.stringMatching(message) },
    ]);
    app.deploy([reaction(() => false)]);
    await app.ledger.retryReaction({ reaction: "mail" });
    await app.settle();
    expect(seen).toEqual(["2"]);
    expect(await listOf(app.ledger.reactionTasks())).toEqual([]);
  });
});
