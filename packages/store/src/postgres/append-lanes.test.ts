import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type pg from "pg";
import { expect, test } from "vitest";
import { openAppendLanes } from "./append-lanes.ts";

/** A pool of one connection, which does nothing and counts who has it. */
function openPool(): { pool: pg.Pool; users: () => number } {
  let users = 0;
  const client = {
    on: () => client,
    off: () => client,
    release() {
      users -= 1;
    },
  };
  const pool = {
    waitingCount: 0,
    async connect() {
      users += 1;
      return client;
    },
  };
  return { pool: pool as unknown as pg.Pool, users: () => users };
}

const failed = (_: unknown, error: unknown): never => {
  throw error;
};

test("a lane that never rests keeps nothing of what its calls came to", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const { pool, users } = openPool();
  const lanes = openAppendLanes(pool, true);
  const outcomes: WeakRef<object>[] = [];
  const call = (end: Promise<void>): Promise<object> =>
    lanes.call(
      1n,
      false,
      (lane) =>
        lane.use(async () => {
          await end;
          const outcome = {};
          outcomes.push(new WeakRef(outcome));
          return outcome;
        }),
      failed,
    );
  // Each is begun before the one before it has ended.
  let under = { end: Promise.withResolvers<void>(), done: Promise.resolve() as Promise<unknown> };
  under.done = call(under.end.promise);
  for (let n = 0; n < 50; n += 1) {
    const end = Promise.withResolvers<void>();
    const done = call(end.promise);
    under.end.resolve();
    await under.done;
    under = { end, done };
  }
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  expect(users()).toBe(1);
  expect(outcomes.filter((outcome) => outcome.deref() !== undefined).length).toBeLessThan(5);
  under.end.resolve();
  await under.done;
  expect(users()).toBe(0);
});

test("what fails is told, and the connection given back", async () => {
  const { pool, users } = openPool();
  const lanes = openAppendLanes(pool, true);
  const call = lanes.call(1n, false, (lane) => lane.use(() => Promise.reject(new Error("no"))), failed);
  await expect(call).rejects.toThrow("no");
  expect(users()).toBe(0);
});
