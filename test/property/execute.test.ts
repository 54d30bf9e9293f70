import {
  type CommandReceipt,
  defineCommand,
  defineEvent,
  defineModel,
  query,
  reject,
  stream,
} from "@eventchain/ledger";
import { openMemoryLedger } from "@eventchain/ledger/testing";
import fc from "fast-check";
import { expect, test } from "vitest";
import { z } from "zod";

/**
 * Commands of one process, sent all at once or with pauses between them, end as if they had been executed one after the
 * other: in the order of their events' positions, with each rejection somewhere in that order.
 */

const Moved = defineEvent("Moved", {
  schema: z.object({ account: z.string(), by: z.int() }),
  tags: ({ account }) => [`account:${account}`],
  stream: ({ account }) => `account-${account}`,
});
const sum = defineModel("sum", { initial: () => 0 }).on(Moved, (total, { data }) => total + data.by);

const move = defineCommand("Move", {
  input: z.object({ account: z.string(), by: z.int() }),
  context: ({ account }) => stream(`account-${account}`),
  model: sum,
  records: [Moved],
  rejects: { overdrawn: "There is not enough" },
  decide: ({ input, model }) => (model + input.by < 0 ? reject("overdrawn", String(model)) : Moved(input)),
});
const transfer = defineCommand("Transfer", {
  input: z.object({ from: z.string(), to: z.string(), by: z.int() }),
  context: ({ from, to }) => ({
    from: query({ tags: [`account:${from}`] }),
    to: query({ tags: [`account:${to}`] }),
  }),
  model: { from: sum, to: sum },
  records: [Moved],
  rejects: { overdrawn: "There is not enough", "too-rich": "The other one has enough" },
  decide: ({ input: { from, to, by }, model }) => {
    if (model.from < by) return reject("overdrawn", String(model.from));
    if (model.to > 20) return reject("too-rich", String(model.to));
    return [Moved({ account: from, by: -by }), Moved({ account: to, by })];
  },
});

type Step =
  | { do: "move"; account: string; by: number; wait: boolean }
  | { do: "transfer"; from: string; to: string; by: number; wait: boolean }
  /** Somebody else's event, which no lane knows of. */
  | { do: "foreign"; account: string; by: number; wait: boolean };

const account = fc.constantFrom("a", "b", "c");
const wait = fc.boolean();
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant("move" as const), account, by: fc.integer({ min: -9, max: 9 }), wait }),
  fc.record({
    do: fc.constant("transfer" as const),
    from: account,
    to: account,
    by: fc.integer({ min: 1, max: 9 }),
    wait,
  }),
  fc.record({ do: fc.constant("foreign" as const), account, by: fc.integer({ min: 1, max: 9 }), wait }),
);

type Balances = Readonly<Record<string, number>>;

/** What a step does to the balances when it is all alone; undefined: it is rejected, with this reason. */
function alone(step: Step, balances: Balances): { moves: [string, number][] } | { reason: string } {
  const of = (name: string): number => balances[name] ?? 0;
  if (step.do === "foreign") return { moves: [[step.account, step.by]] };
  if (step.do === "move")
    return of(step.account) + step.by < 0 ? { reason: String(of(step.account)) } : { moves: [[step.account, step.by]] };
  if (of(step.from) < step.by) return { reason: String(of(step.from)) };
  if (of(step.to) > 20) return { reason: String(of(step.to)) };
  return {
    moves: [
      [step.from, -step.by],
      [step.to, step.by],
    ],
  };
}

function applied(balances: Balances, moves: readonly [string, number][]): Balances {
  const next: Record<string, number> = { ...balances };
  for (const [name, by] of moves) next[name] = (next[name] ?? 0) + by;
  return next;
}

test("any interleaving equals one execution after the other", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), async (steps) => {
      const ledger = openMemoryLedger();
      const options = { actor: "ada", maxAttempts: 1_000 };
      const sent: Promise<{ step: Step; positions: bigint[]; reason?: string | null }>[] = [];
      for (const each of steps) {
        sent.push(
          (async () => {
            if (each.do === "foreign") {
              const { events } = await ledger.append(
                `account-${each.account}`,
                Moved({ account: each.account, by: each.by }),
              );
              return { step: each, positions: events.map(({ position }) => position) };
            }
            const { do: name, wait: _, ...input } = each;
            const receipt: CommandReceipt =
              name === "move"
                ? await ledger.execute(move, input as { account: string; by: number }, options)
                : await ledger.execute(transfer, input as { from: string; to: string; by: number }, options);
            if (receipt.status === "rejected") return { step: each, positions: [], reason: receipt.reason };
            return { step: each, positions: receipt.events.map(({ position }) => position) };
          })(),
        );
        if (each.wait) await Promise.allSettled(sent.slice(-1));
        else await Promise.resolve();
      }
      const results = await Promise.all(sent);
      // Recorded steps: each as it would have been alone, in the order of positions.
      const states: Balances[] = [{}];
      const recorded = results.filter(({ positions }) => positions.length > 0);
      recorded.sort((one, other) => Number((one.positions[0] ?? 0n) - (other.positions[0] ?? 0n)));
      for (const { step: each } of recorded) {
        const now = states.at(-1) ?? {};
        const result = alone(each, now);
        expect(result).toHaveProperty("moves");
        if ("moves" in result) states.push(applied(now, result.moves));
      }
      // Rejected ones: there was a moment at which they would have been rejected with these words.
      for (const { step: each, reason } of results.filter(({ positions }) => positions.length === 0))
        expect(states.map((now) => alone(each, now))).toContainEqual({ reason });
      for (const name of ["a", "b", "c"])
        expect(await ledger.state(sum, `account-${name}`)).toBe(states.at(-1)?.[name] ?? 0);
    }),
    { numRuns: 150 },
  );
});
