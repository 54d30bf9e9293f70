import { LedgerError } from "@eventchain/core";
import { openMemoryCheckpoints, openMemoryStore } from "@eventchain/store";
import { createTestLedger, newEvent } from "@eventchain/store/testing";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { openGate } from "../open-gate.ts";
import { watchWatermarks } from "../watch-watermarks.ts";
import { openSubscription, type SubscriptionDeps } from "./open-subscription.ts";
import type { Subscription } from "./types.ts";
import { watchHead } from "./watch-head.ts";

const store = openMemoryStore();
let deps: SubscriptionDeps & { gate: ReturnType<typeof openGate> };
/** How often events were asked for, and how many were given by the store. */
const asked = { reads: 0, events: 0 };

beforeEach(async () => {
  const { ledgerId } = await createTestLedger(store);
  Object.assign(asked, { reads: 0, events: 0 });
  deps = {
    ledgerId,
    scope: {},
    store: {
      head: (id) => store.head(id),
      hashAt: (id, position) => store.hashAt(id, position),
      async *readAll(id, options) {
        asked.reads += 1;
        for await (const event of store.readAll(id, options)) {
          asked.events += 1;
          yield event;
        }
      },
    },
    heads: watchHead(() => store.head(ledgerId)),
    watch: watchWatermarks(() => store.watermarks(ledgerId)),
    checkpoints: openMemoryCheckpoints(store),
    gate: openGate(),
  };
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

async function append(times: number): Promise<void> {
  for (let n = 0; n < times; n += 1) await store.append(deps.ledgerId, [{ events: [newEvent()], expected: [] }]);
}

test("leaves nothing running behind once it is broken off", async () => {
  await append(3);
  const reading = (async () => {
    for await (const { position } of openSubscription(deps)) if (position === 2n) break;
  })();
  await vi.advanceTimersByTimeAsync(100);
  await reading;
  await append(3);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(vi.getTimerCount()).toBe(0);
  expect(asked).toEqual({ reads: 1, events: 2 });
});

test("asks for nothing while its reader does not", async () => {
  await append(3);
  const subscription = openSubscription(deps);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(asked.reads).toBe(0);
  const first = subscription.next();
  await vi.advanceTimersByTimeAsync(10);
  await first;
  await append(100);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(asked).toEqual({ reads: 1, events: 1 });
  expect(vi.getTimerCount()).toBe(0);
});

test("a step that waits ends when the gate closes, and holds it up no longer", async () => {
  const subscription = openSubscription(deps);
  const waiting = expect(subscription.next()).rejects.toMatchObject({ code: "aborted" });
  await vi.advanceTimersByTimeAsync(100);
  deps.gate.close();
  await deps.gate.drain();
  await waiting;
  await expect(subscription.next()).rejects.toMatchObject({
    code: "aborted",
    message: expect.stringContaining("closed"),
  });
  expect(vi.getTimerCount()).toBe(0);
});

test("a read that fails for a while is made again, from where it was", async () => {
  await append(5);
  let failures = 3;
  const { readAll } = deps.store;
  deps.store.readAll = async function* (id, options) {
    for await (const event of readAll(id, options)) {
      if (event.position === 4n && failures > 0) {
        failures -= 1;
        throw new LedgerError("database-unavailable", "away");
      }
      yield event;
    }
  };
  const seen: bigint[] = [];
  const reading = (async () => {
    for await (const { position } of openSubscription(deps)) {
      seen.push(position);
      if (position === 5n) break;
    }
  })();
  await vi.advanceTimersByTimeAsync(10_000);
  await reading;
  expect(seen).toEqual([1n, 2n, 3n, 4n, 5n]);
  expect(failures).toBe(0);
});

test("from now on fails where the head of the call is not to be had, also in a way that may pass", async () => {
  const away = new LedgerError("database-unavailable", "away");
  deps.store.head = () => Promise.reject(away);
  const subscription = openSubscription(deps, { from: "now" });
  deps.store.head = (id) => store.head(id);
  await append(1);
  await expect(subscription.next()).rejects.toBe(away);
  expect(await subscription.next()).toEqual({ done: true, value: undefined });
});

test("from now on gives what was appended while its checkpoint could not be read", async () => {
  await append(1);
  const { find } = deps.checkpoints;
  let failures = 2;
  deps.checkpoints.find = (...of) =>
    failures-- > 0 ? Promise.reject(new LedgerError("database-unavailable", "away")) : find(...of);
  const next = openSubscription(deps, { from: "now", checkpoint: "a" }).next();
  await append(1);
  await vi.advanceTimersByTimeAsync(1_000);
  expect((await next).value?.position).toBe(2n);
});

test("a failure that cannot pass is thrown, and ends it", async () => {
  deps.store.hashAt = () => Promise.reject(new LedgerError("database-refused", "no privilege"));
  const subscription = openSubscription(deps, { from: { position: 1n, hash: "ab".repeat(32) } });
  await expect(subscription.next()).rejects.toMatchObject({ code: "database-refused" });
  expect(await subscription.next()).toEqual({ done: true, value: undefined });
});

test("a look that began before the event that it stands at was there is no fork", async () => {
  await append(1);
  const before = await store.head(deps.ledgerId);
  await append(1);
  const from = await store.hashAt(deps.ledgerId, 2n);
  const heads = [before];
  deps.heads = watchHead(async () => heads.shift() ?? store.head(deps.ledgerId));
  const next = openSubscription(deps, {
    from: { position: 2n, hash: Buffer.from(from ?? []).toString("hex") },
  }).next();
  await vi.advanceTimersByTimeAsync(100);
  await append(1);
  await vi.advanceTimersByTimeAsync(100);
  expect((await next).value?.position).toBe(3n);
});

/** What `isLive` says while each of the events is handled, then while there are no more. */
async function livenessOf(subscription: Subscription, events: number): Promise<boolean[]> {
  const seen: boolean[] = [];
  for (let n = 0; n < events; n += 1) {
    const step = subscription.next();
    await vi.advanceTimersByTimeAsync(100);
    await step;
    seen.push(subscription.isLive);
  }
  void subscription.next();
  await vi.advanceTimersByTimeAsync(100);
  return [...seen, subscription.isLive];
}

test.each([0, 1, 20])("%i hidden events around each one that a view gives do not show in isLive", async (hidden) => {
  deps.scope = { access: [{ types: ["Seen"] }] };
  const appendSeen = async (): Promise<void> => {
    await append(hidden);
    await store.append(deps.ledgerId, [{ events: [newEvent({ type: "Seen" })], expected: [] }]);
    await append(hidden);
  };
  for (let n = 0; n < 3; n += 1) await appendSeen();
  const subscription = openSubscription(deps, { readAhead: 1 });
  expect(await livenessOf(subscription, 3)).toEqual([false, false, false, true]);
  await appendSeen();
  await vi.advanceTimersByTimeAsync(100);
  expect(subscription.isLive).toBe(true);
  for (let n = 0; n < 3; n += 1) await appendSeen();
  expect(await livenessOf(subscription, 3)).toEqual([true, false, false, true]);
});

test("a burst of hidden events does not show in a view's isLive while it is read", async () => {
  deps.scope = { access: [{ types: ["Seen"] }] };
  const subscription = openSubscription(deps, { from: "now", readAhead: 1 });
  void subscription.next();
  await vi.advanceTimersByTimeAsync(100);
  const { readAll } = deps.store;
  const seen: boolean[] = [];
  deps.store.readAll = (...of) => {
    seen.push(subscription.isLive);
    return readAll(...of);
  };
  await append(20);
  await vi.advanceTimersByTimeAsync(100);
  expect([...seen, subscription.isLive]).toEqual([true, true]);
});

test("does not take a lagging answer for the end of a range", async () => {
  await append(4);
  const { readAll } = deps.store;
  let lag = 1;
  deps.store.readAll = (id, options) => readAll(id, { ...options, ...(lag-- > 0 ? { to: 2n } : {}) });
  const subscription = openSubscription(deps);
  const steps = [1, 2, 3, 4].map(() => subscription.next());
  await vi.advanceTimersByTimeAsync(1_000);
  expect((await Promise.all(steps)).map((step) => step.value?.position)).toEqual([1n, 2n, 3n, 4n]);
});
