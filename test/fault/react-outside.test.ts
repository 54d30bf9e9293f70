import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Ledger } from "@eventchain/ledger";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { type CallOutcome, type FlakyService, startFlakyService } from "../support/flaky-service.ts";
import { listOf, openReactingApp } from "../support/reacting-app.ts";
import { askPayment, OrderPlaced } from "../support/shop.ts";
import { shopReactions } from "../support/shop-reactions.ts";

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database?.drop());

const ORDERS = 120;
const STREAMS = 10;

/** Every second call fails, as often before its effect as after it. */
function halfFails(): (call: number) => CallOutcome {
  return (call) => (call % 2 === 1 ? "well" : call % 4 === 0 ? "before" : "after");
}

/** Orders, each an id of its own, in a few streams. */
async function placeOrders(ledger: Ledger, from: number, to: number): Promise<void> {
  for (let order = from; order < to; order++) {
    const stream = `customer-${order % STREAMS}`;
    await ledger.append(stream, OrderPlaced({ orderId: `${order}`, amount: order }, { stream }));
  }
}

/** Each effect of each order made once, in the order of the streams; each command recorded once; nothing left to do. */
async function expectAllOnce(ledger: Ledger, service: FlakyService): Promise<void> {
  const made = [...service.effects.values()];
  expect(made.filter((body) => body.startsWith("charge")).sort()).toEqual(
    Array.from({ length: ORDERS }, (_, order) => `charge ${order}`).sort(),
  );
  for (let stream = 0; stream < STREAMS; stream++) {
    const wanted = Array.from(
      { length: ORDERS / STREAMS },
      (_, index) => `customer-${stream} ${stream + index * STREAMS}`,
    );
    expect(made.filter((body) => body.startsWith(`customer-${stream} `))).toEqual(wanted);
  }
  expect(made.length).toBe(2 * ORDERS);
  const asked = await listOf(ledger.readAll({ filter: { types: ["PaymentAsked"] } }));
  expect(asked.map(({ data }) => Number(data?.orderId)).sort((one, other) => one - other)).toEqual(
    Array.from({ length: ORDERS }, (_, order) => order),
  );
  expect(await listOf(ledger.reactionTasks())).toEqual([]);
}

test("a service that fails half the time, before or after its effect, has each effect once", async () => {
  await using service = await startFlakyService(halfFails());
  await using app = await openReactingApp({
    pool: database.pool,
    reactions: shopReactions(service.url),
    options: { commands: [askPayment] },
  });
  await placeOrders(app.ledger, 0, ORDERS);
  await app.settle();
  await expectAllOnce(app.ledger, service);
  const failed = service.calls.filter(({ outcome }) => outcome !== "well").length;
  expect(failed).toBeGreaterThanOrEqual(2 * ORDERS);
});

/** A worker process that takes up whatever ledgers are there. */
async function startWorker(url: string, serviceUrl: string): Promise<ChildProcess> {
  const main = fileURLToPath(new URL("../support/react-process.ts", import.meta.url));
  const child = spawn(process.execPath, [main, url], {
    env: { ...process.env, SERVICE_URL: serviceUrl },
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout as NodeJS.ReadableStream, "data");
  return child;
}

test("two processes that are killed at random moments make each effect once, in the order of the streams", async () => {
  const own = await createTestDatabase();
  const service = await startFlakyService(halfFails());
  const app = await openReactingApp({ pool: own.pool, reactions: [], options: { commands: [askPayment] } });
  const running: ChildProcess[] = [];
  try {
    for (let count = 0; count < 2; count++) running.push(await startWorker(own.url, service.url));
    for (let kill = 0; kill < 6; kill++) {
      await placeOrders(app.ledger, (kill * ORDERS) / 6, ((kill + 1) * ORDERS) / 6);
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 300));
      running.shift()?.kill("SIGKILL");
      running.push(await startWorker(own.url, service.url));
    }
    const isDone = async (): Promise<boolean> => {
      const status = await app.ledger.reactions();
      return (
        service.effects.size === 2 * ORDERS && status.length === 2 && status.every(({ waiting }) => waiting === 0n)
      );
    };
    for (let look = 0; look < 300 && !(await isDone()); look++)
      await new Promise((resolve) => setTimeout(resolve, 200));
    await expectAllOnce(app.ledger, service);
  } finally {
    for (const worker of running) worker.kill("SIGKILL");
    await app[Symbol.asyncDispose]();
    await service[Symbol.asyncDispose]();
    await own.drop();
  }
});
