import fc from "fast-check";
import { expect, test } from "vitest";
import { eachOf } from "./each-of.ts";

/** Batches that come in a later turn, then a failure where one is given; and whether they were given back. */
function batchesOf(batches: readonly number[][], failure?: Error): AsyncIterable<number[]> & { returned: number } {
  const source = {
    returned: 0,
    async *[Symbol.asyncIterator]() {
      try {
        for (const batch of batches) {
          await Promise.resolve();
          yield batch;
        }
        if (failure !== undefined) throw failure;
      } finally {
        source.returned += 1;
      }
    },
  };
  return source;
}

async function* plainly(batches: AsyncIterable<readonly number[]>): AsyncGenerator<number> {
  for await (const batch of batches) yield* batch;
}

type Outcome = { value: number | undefined; done: boolean | undefined } | { failed: string };

/** So many steps at once for each number of the list, what they come to, and at last what `return` does. */
async function walk(steps: AsyncIterator<number, void>, at: readonly number[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const settle = (step: Promise<IteratorResult<number, void>>): Promise<Outcome> =>
    step.then(
      ({ value, done }) => ({ value: value ?? undefined, done }),
      (error: Error) => ({ failed: error.message }),
    );
  for (const count of at) {
    outcomes.push(...(await Promise.all(Array.from({ length: count }, () => settle(steps.next())))));
  }
  if (steps.return !== undefined) outcomes.push(await settle(steps.return()));
  outcomes.push(await settle(steps.next()));
  return outcomes;
}

test("gives what a generator would, however its steps are asked for, to the end, a failure or return", async () => {
  const numbers = fc.array(fc.array(fc.nat(), { maxLength: 4 }), { maxLength: 5 });
  const steps = fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(numbers, steps, fc.boolean(), async (batches, at, fails) => {
      const failure = fails ? new Error("of the source") : undefined;
      const [source, other] = [batchesOf(batches, failure), batchesOf(batches, failure)];
      expect(await walk(eachOf(source, undefined), at)).toEqual(await walk(plainly(other), at));
      expect(source.returned).toBe(other.returned);
    }),
  );
});

test("a signal ends it at the next step, and the source is given back", async () => {
  const source = batchesOf([[1, 2, 3]]);
  const controller = new AbortController();
  const steps = eachOf(source, controller.signal);
  expect((await steps.next()).value).toBe(1);
  controller.abort(new Error("enough"));
  await expect(steps.next()).rejects.toMatchObject({ code: "aborted", cause: expect.objectContaining({}) });
  expect(source.returned).toBe(1);
  expect(await steps.next()).toEqual({ done: true, value: undefined });
});

test("return while a step waits comes after that step", async () => {
  const source = batchesOf([[1, 2]]);
  const steps = eachOf(source, undefined);
  const [first, returned, later] = await Promise.all([steps.next(), steps.return?.(), steps.next()]);
  expect(first).toEqual({ done: false, value: 1 });
  expect(returned).toEqual({ done: true, value: undefined });
  expect(later).toEqual({ done: true, value: undefined });
});
