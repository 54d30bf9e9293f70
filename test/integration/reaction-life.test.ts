import { type AnyReaction, defineReaction, type ReactionTask } from "@eventchain/ledger";
import { openPostgresStore } from "@eventchain/store";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { asAdministrator, createLedger } from "../support/ledger-workers.ts";
import { listOf, moveDueTimes, openReactingApp, type ReactingApp } from "../support/reacting-app.ts";
import { OrderPlaced, PaymentMade } from "../support/shop.ts";

let database: TestDatabase;
const opened: ReactingApp[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
});
afterEach(async () => {
  for (const app of opened.splice(0)) await app[Symbol.asyncDispose]();
});
afterAll(() => database?.drop());

const DAY_MS = 86_400_000;

async function open(reactions: readonly AnyReaction[], origin?: string): Promise<ReactingApp> {
  const given = origin === undefined ? {} : { origin };
  const app = await openReactingApp({ pool: database.pool, reactions, ...given });
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

describe("the life of a reaction", () => {
  test("switched off it neither takes in nor runs; on again it goes on from there", async () => {
    const seen: number[] = [];
    const mail = defineReaction("mail").on(OrderPlaced, ({ data }) => void seen.push(data.amount));
    const app = await open([mail]);
    await app.settle();
    await app.ledger.switchHandler("mail", false, { by: "ada" });
    await place(app, "a", 1);
    await app.settle();
    expect(await app.ledger.reactions()).toEqual([
      { name: "mail", state: "off", position: 0n, waiting: 0n, dead: 0n, reason: null },
    ]);
    await app.ledger.switchHandler("mail", true, { by: "ada" });
    await app.settle();
    expect(seen).toEqual([1]);
  });

  test("taken out of the app it leaves its tasks, which its status shows, and takes them up when it is back", async () => {
    const seen: string[] = [];
    const mail = (fails: boolean) =>
      defineReaction("mail", { from: "start", retry: { firstMs: DAY_MS, maxMs: DAY_MS } }).on(OrderPlaced, () => {
        if (fails) throw new Error("later");
        seen.push("mail");
      });
    const app = await open([mail(true)]);
    await place(app, "a", 1);
    await app.settle();
    app.deploy([defineReaction("post", { from: "start" }).on(OrderPlaced, () => void seen.push("post"))]);
    await app.settle();
    expect((await app.ledger.reactions()).map(({ name, waiting }) => [name, waiting])).toEqual([
      ["mail", 1n],
      ["post", 0n],
    ]);
    app.deploy([mail(false)]);
    await moveDueTimes(database.pool, app.ledgerId, 2 * DAY_MS);
    await app.settle();
    expect(seen).toEqual(["post", "mail"]);
  });

  test("without the handler of a task it fails that task, which another version may still run", async () => {
    const later = { from: "start", retry: { firstMs: DAY_MS, maxMs: DAY_MS } } as const;
    const failing = defineReaction("mail", later).on(OrderPlaced, () => {
      throw new Error("first");
    });
    const app = await open([failing]);
    await place(app, "a", 1);
    await app.settle();
    app.deploy([defineReaction("mail", later).on(PaymentMade, () => undefined)]);
    await moveDueTimes(database.pool, app.ledgerId, 2 * DAY_MS);
    await app.settle();
    expect(await tasksOf(app)).toMatchObject([
      { state: "waiting", attempts: 2, error: expect.stringContaining("no handler") },
    ]);
  });

  test("stops where another event stands at its cursor, says so, and hinders no other reaction", async () => {
    const seen: string[] = [];
    const mail = defineReaction("mail", { from: "start" }).on(OrderPlaced, () => void seen.push("mail"));
    const post = defineReaction("post", { from: "start" }).on(OrderPlaced, () => void seen.push("post"));
    const app = await open([mail, post]);
    await place(app, "a", 1);
    await app.settle();
    await asAdministrator(
      database.pool,
      app.ledgerId,
      "update eventchain.reactions set hash = sha256('fork') where ledger_id = $1 and name = 'mail'",
    );
    await place(app, "a", 2);
    await app.settle();
    expect(seen.sort()).toEqual(["mail", "post", "post"]);
    expect(await app.turn()).toEqual({ more: false });
    expect((await app.ledger.reactions()).map(({ name, reason }) => `${name} ${reason}`)).toEqual([
      "mail forked: another event stands at position 1 than the one that it reacted on",
      "post null",
    ]);
    expect(app.log).toMatchObject([
      { level: "error", event: "reaction-stopped", values: { code: "forked", reaction: "mail" } },
    ]);
  });

  test("rests while its ledger is halted", async () => {
    const seen: string[] = [];
    const app = await open([defineReaction("mail", { from: "start" }).on(OrderPlaced, () => void seen.push("mail"))]);
    await place(app, "a", 1);
    const setState = (state: "open" | "halted") =>
      database.pool.query("update eventchain.ledgers set state = $2 where ledger_id = $1", [app.ledgerId, state]);
    await setState("halted");
    await app.settle();
    expect(seen).toEqual([]);
    await setState("open");
    await app.settle();
    expect(seen).toEqual(["mail"]);
  });

  test("that hangs keeps no other from its runs", async () => {
    const seen: number[] = [];
    const hanging = Array.from({ length: 4 }, (_, index) =>
      defineReaction(`hang-${index}`, { from: "start" }).on(OrderPlaced, () => new Promise<never>(() => undefined)),
    );
    const mail = defineReaction("mail", { from: "start" }).on(OrderPlaced, ({ data }) => void seen.push(data.amount));
    const app = await open([...hanging, mail]);
    for (let amount = 0; amount < 30; amount++) await place(app, `s${amount}`, amount);
    for (let round = 0; round < 200 && seen.length < 30; round++) await app.turn();
    expect(seen.length).toBe(30);
  });

  test("whose worker stops has its runs put back, as if not begun", async () => {
    const app = await open([
      defineReaction("mail", { from: "start" }).on(
        OrderPlaced,
        (_, { signal }) =>
          new Promise((_resolve, refuse) => signal.addEventListener("abort", () => refuse(new Error("stopped")))),
      ),
    ]);
    await place(app, "a", 1);
    await app.turn();
    expect(await tasksOf(app)).toMatchObject([{ state: "running", attempts: 1 }]);
    await app.stop();
    expect(await tasksOf(app)).toMatchObject([{ state: "waiting", attempts: 0, error: null }]);
  });

  test("of one ledger is nothing to another one", async () => {
    const seen: string[] = [];
    const mail = defineReaction("mail", { from: "start" }).on(OrderPlaced, ({ stream }) => void seen.push(stream));
    const other = await createLedger(openPostgresStore({ pool: database.pool }));
    const [one, two] = [await open([mail]), await open([mail], other.origin)];
    await place(one, "one", 1);
    await place(two, "two", 1);
    await one.settle();
    expect(seen).toEqual(["one"]);
    expect(await two.ledger.reactions()).toEqual([]);
  });
});
