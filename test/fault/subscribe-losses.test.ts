import { type Connection, connect, type Ledger, type LedgerEvent } from "@eventchain/ledger";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { createStagedLedger } from "../support/staged-ledger.ts";
import { type FaultyProxy, startFaultyProxy } from "./append-proxy.ts";

let database: TestDatabase;
let proxy: FaultyProxy;
/** One connection through the proxy, and one beside it. */
let through: Connection;
let beside: Connection;
let reading: Ledger;
let writing: Ledger;
let count = 0;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database?.drop());
beforeEach(async () => {
  proxy = await startFaultyProxy(database.url);
  through = await connect({ database: proxy.url });
  beside = await connect({ database: database.url });
  const { origin } = await createStagedLedger(database.pool, `subscribe-losses-${++count}.test`);
  [reading, writing] = await Promise.all([through.ledger(origin), beside.ledger(origin)]);
});
afterEach(async () => {
  await Promise.all([through.close(), beside.close()]);
  await proxy.close();
});

async function append(times: number): Promise<void> {
  for (let n = 0; n < times; n += 1) await writing.append("s", { type: "Counted", data: { n } });
}

/** Collects a subscription's events until it has so many. */
function collect(ledger: Ledger, most: number): { seen: bigint[]; done: Promise<void> } {
  const seen: bigint[] = [];
  const done = (async () => {
    for await (const { position } of ledger.subscribe({ readAhead: 4 })) {
      seen.push(position);
      if (seen.length === most) return;
    }
  })();
  return { seen, done };
}

const upTo = (last: number): bigint[] => Array.from({ length: last }, (_, n) => BigInt(n + 1));

test("goes on from where it was when the database is back", async () => {
  await append(3);
  const { seen, done } = collect(reading, 12);
  await expect.poll(() => seen.length).toBe(3);
  proxy.goDown();
  await append(4);
  proxy.comeBack();
  await expect.poll(() => seen.length).toBe(7);
  proxy.goDown();
  proxy.comeBack();
  await append(5);
  await done;
  expect(seen).toEqual(upTo(12));
});

test("begins when the database is back, where it was away at the start", async () => {
  await append(3);
  proxy.goDown();
  const { seen, done } = collect(reading, 3);
  await new Promise((resolve) => setTimeout(resolve, 100));
  proxy.comeBack();
  await done;
  expect(seen).toEqual(upTo(3));
});

test("what is now is not known where the database was away at the call: the first step says so", async () => {
  await append(3);
  proxy.goDown();
  const subscription = reading.subscribe({ from: "now" });
  const step = expect(subscription.next()).rejects.toMatchObject({ code: "database-unavailable", retryable: true });
  await new Promise((resolve) => setTimeout(resolve, 100));
  await append(1);
  proxy.comeBack();
  await step;
});

test("loses and doubles nothing while its sessions are ended by the server", async () => {
  const { seen, done } = collect(reading, 30);
  const killing = (async () => {
    while (seen.length < 30) {
      await database.pool.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
      );
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  })().catch(() => undefined);
  for (let n = 0; n < 30; n += 1) await appendAgain(`c-${n}`);
  await done;
  await killing;
  expect(seen).toEqual(upTo(30));
});

/** Appends by a command id, until it is known to be recorded. */
async function appendAgain(commandId: string): Promise<void> {
  for (;;) {
    const failure = await writing.append("s", { type: "Counted", data: { commandId } }, { commandId }).then(
      () => undefined,
      (error: { retryable?: boolean }) => error,
    );
    if (failure === undefined) return;
    if (failure.retryable !== true) throw failure;
  }
}

async function firstThree(): Promise<{ subscription: ReturnType<Ledger["subscribe"]>; events: LedgerEvent[] }> {
  await append(3);
  const subscription = reading.subscribe({ checkpoint: "kept" });
  const events: LedgerEvent[] = [];
  for (let n = 0; n < 3; n += 1) {
    const step = await subscription.next();
    if (step.done !== true) events.push(step.value);
  }
  return { subscription, events };
}

test.each([
  ["before the server had heard of it", "lose-request", 1n],
  ["after the server had stored it", "lose-response", 2n],
] as const)("a checkpoint whose call failed %s can be kept again", async (_when, fault, kept) => {
  const { subscription, events } = await firstThree();
  const [first, second, third] = events;
  if (!first || !second || !third) throw new Error("there are three events");
  await subscription.checkpoint(first);
  proxy.loseNext(fault);
  await expect(subscription.checkpoint(second)).rejects.toMatchObject({
    code: "database-unavailable",
    retryable: true,
  });
  const next = await writing.subscribe({ checkpoint: "kept" }).next();
  expect(next.value?.position).toBe(kept + 1n);
  await subscription.checkpoint(second);
  await subscription.checkpoint(third);
});

test("a checkpoint whose call failed after the server had stored it can be passed over", async () => {
  const { subscription, events } = await firstThree();
  const [first, second, third] = events;
  if (!first || !second || !third) throw new Error("there are three events");
  for (const lost of [first, second]) {
    proxy.loseNext("lose-response");
    await expect(subscription.checkpoint(lost)).rejects.toMatchObject({ retryable: true });
  }
  await subscription.checkpoint(third);
  await append(1);
  const next = await writing.subscribe({ checkpoint: "kept" }).next();
  expect(next.value?.position).toBe(4n);
});
