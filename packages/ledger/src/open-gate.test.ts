import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import { openGate } from "./open-gate.ts";

const refused = { code: "aborted", message: expect.stringContaining("the connection is closed") };

test("a verb runs in its caller's turn, and gives what it gives", async () => {
  const gate = openGate();
  let ran = false;
  const result = gate.run(async () => {
    ran = true;
    return 1;
  });
  expect(ran).toBe(true);
  expect(await result).toBe(1);
  await expect(gate.run(() => Promise.reject(new Error("of the verb")))).rejects.toThrow("of the verb");
});

test("once it is closed, what starts is refused and never run", async () => {
  const gate = openGate();
  gate.close();
  const verb = () => expect.fail("it ran");
  await expect(gate.run(verb)).rejects.toMatchObject(refused);
  expect(() => gate.iterate(verb)).toThrow(expect.objectContaining(refused));
  expect(() => gate.check()).toThrow(expect.objectContaining(refused));
});

test("draining waits for what is on its way, and for nothing that it refused", async () => {
  const gate = openGate();
  const verbs = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  for (const { promise } of verbs) void gate.run(() => promise).catch(() => undefined);
  gate.close();
  void gate.run(() => new Promise(() => undefined)).catch(() => undefined);
  let drained = false;
  const draining = gate.drain().then(() => {
    drained = true;
  });
  verbs[0]?.resolve();
  await nextTurn();
  expect(drained).toBe(false);
  verbs[1]?.reject(new Error("failed"));
  await draining;
});

test("an iteration ends at its next step, and nobody waits for that step", async () => {
  const gate = openGate();
  const steps = gate.iterate(() => numbers())[Symbol.asyncIterator]();
  expect(await steps.next()).toEqual({ done: false, value: 1 });
  const onItsWay = steps.next();
  gate.close();
  expect(await onItsWay).toEqual({ done: false, value: 2 });
  await gate.drain();
  await expect(steps.next()).rejects.toMatchObject(refused);
});

test("an iteration that is given up is given up below too", async () => {
  let ended = false;
  async function* watched() {
    try {
      yield* numbers();
    } finally {
      ended = true;
    }
  }
  for await (const number of openGate().iterate(watched)) if (number === 2) break;
  expect(ended).toBe(true);
});

async function* numbers(): AsyncGenerator<number> {
  for (let number = 1; ; number += 1) yield number;
}
