import { expect, test } from "vitest";
import { ROUNDS_AT_ONCE, type RoundReport, runRounds } from "./run-rounds.ts";

const done: RoundReport = { more: false };
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Rounds that end when the test lets them, and what has begun so far. */
function heldRounds() {
  const begun: string[] = [];
  const ends: ((report: RoundReport) => void)[] = [];
  const rounds = runRounds({
    run: (key) => {
      begun.push(key);
      return new Promise((resolve) => ends.push(resolve));
    },
    clock: () => 0n,
  });
  return { rounds, begun, ends };
}

test("what is asked for again while it runs has one more round, after it", async () => {
  const { rounds, begun, ends } = heldRounds();
  for (let i = 0; i < 4; i++) rounds.ask("a");
  await turn();
  expect(begun).toEqual(["a"]);
  ends[0]?.(done);
  await turn();
  expect(begun).toEqual(["a", "a"]);
  ends[1]?.(done);
  await turn();
  expect(begun).toEqual(["a", "a"]);
});

test(`no more than ${ROUNDS_AT_ONCE} run at a time; the others follow in their order`, async () => {
  const { rounds, begun, ends } = heldRounds();
  const keys = ["a", "b", "c", "d", "e", "f"];
  for (const key of keys) rounds.ask(key);
  await turn();
  expect(begun).toEqual(keys.slice(0, ROUNDS_AT_ONCE));
  ends[1]?.(done);
  await turn();
  expect(begun).toEqual(keys.slice(0, ROUNDS_AT_ONCE + 1));
});

test("one with more to do waits behind those that wait", async () => {
  const { rounds, begun, ends } = heldRounds();
  for (const key of ["a", "b", "c", "d", "e"]) rounds.ask(key);
  ends[0]?.({ more: true });
  await turn();
  expect(begun).toEqual(["a", "b", "c", "d", "e"]);
  ends[1]?.(done);
  await turn();
  expect(begun.at(-1)).toBe("a");
});

test("one that names a time is asked again by itself", async () => {
  const second = Promise.withResolvers<void>();
  let count = 0;
  const rounds = runRounds({
    run: async () => {
      count += 1;
      if (count === 2) second.resolve();
      return count === 1 ? { more: false, nextAtMs: 5n } : done;
    },
    clock: () => 0n,
  });
  rounds.ask("a");
  await second.promise;
  expect(count).toBe(2);
});

test("stopping waits for what runs, and begins nothing", async () => {
  const { rounds, begun, ends } = heldRounds();
  for (const key of ["a", "b", "c", "d", "e"]) rounds.ask(key);
  let stopped = false;
  const stopping = rounds.stop().then(() => {
    stopped = true;
  });
  rounds.ask("f");
  await turn();
  expect(stopped).toBe(false);
  for (const end of ends) end({ more: true });
  await stopping;
  expect(begun).toEqual(["a", "b", "c", "d"]);
});
