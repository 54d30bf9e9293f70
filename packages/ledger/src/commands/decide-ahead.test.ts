import { createGenesis, signerFromSeed } from "@eventchain/core";
import { type AppendRequest, groupAppends, openMemoryStore } from "@eventchain/store";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { defineEvent } from "../events/define-event.ts";
import { defineModel } from "../models/define-model.ts";
import { defineCommand } from "./define-command.ts";
import { stream } from "./make-context.ts";
import { openCommands } from "./open-commands.ts";
import { reject } from "./reject.ts";
import type { CommandOutcome } from "./settle-chain.ts";
import { checkCall } from "./start-execution.ts";
import type { AnyCommand } from "./types.ts";

const origin = "ahead.test";
const Moved = defineEvent("Moved", { schema: z.object({ by: z.int() }) });
const sum = defineModel("sum", { initial: () => 0 }).on(Moved, (total, { data }) => total + data.by);
const count = defineModel("count", { initial: () => 0 }).on(Moved, (total) => total + 1);
const spec = {
  input: z.object({ by: z.int() }),
  context: () => stream("account"),
  model: sum,
  records: [Moved],
  rejects: { overdrawn: "There is not enough" },
} as const;
const move = defineCommand("Move", {
  ...spec,
  decide: ({ input, model }) => (model + input.by < 0 ? reject("overdrawn", String(model)) : Moved(input)),
});
const picky = defineCommand("Picky", {
  ...spec,
  decide: ({ input, model }) => {
    if (model === 1) throw new Error("not one");
    return Moved(input);
  },
});
const number = defineCommand("Number", { ...spec, model: count, decide: ({ model }) => Moved({ by: model * 100 }) });

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const turns = async (many = 4) => {
  for (let i = 0; i < many; i += 1) await turn();
};

/** Commands on a store whose appends, or their answers, wait until they are let go. */
async function world(holds: "appends" | "answers" = "appends") {
  const store = openMemoryStore();
  const { vkey } = signerFromSeed(origin, new Uint8Array(32));
  const { ledgerId } = await store.createLedger({ origin, vkey, genesis: createGenesis({ origin, vkey }) });
  const calls: string[] = [];
  const held: (() => void)[] = [];
  let isOpen = false;
  const watched: typeof store = {
    ...store,
    look: (...given) => {
      calls.push("look");
      return store.look(...given);
    },
    knownCommands: (...given) => {
      calls.push("known");
      return store.knownCommands(...given);
    },
    append: async (id, requests) => {
      calls.push(`append ${requests.length}`);
      const hold = async () => isOpen || (await new Promise<void>((resolve) => held.push(resolve)));
      if (holds === "appends") await hold();
      const outcomes = await store.append(id, requests);
      if (holds === "answers") await hold();
      return outcomes;
    },
  };
  const open = () =>
    openCommands({ store: watched, appends: groupAppends(watched), clock: () => 0n, pause: async () => undefined });
  let ids = 0;
  const schemas = { keepUsed: async () => undefined };
  const runOn =
    (commands: ReturnType<typeof open>) =>
    (command: AnyCommand, by: number, options: { commandId?: string; maxAttempts?: number } = {}) => {
      const call = checkCall(command, { by }, { actor: "ada", ...options }, { required: [], newId: () => `c${ids++}` });
      return commands.run(ledgerId, call, { recordRejections: false, schemas });
    };
  return {
    calls,
    run: runOn(open()),
    /** Of another process, past whatever is held. */
    rival: async (by: number) => {
      const appends = groupAppends(store);
      return runOn(openCommands({ store, appends, clock: () => 0n, pause: async () => undefined }))(move, by);
    },
    /** Lets the next append go. */
    release: async () => {
      await turns();
      held.shift()?.();
      await turns();
    },
    openUp: () => {
      isOpen = true;
      for (const resolve of held.splice(0)) resolve();
    },
    events: async () => {
      const found: number[] = [];
      for await (const { data } of store.readStream(ledgerId, "account")) found.push(JSON.parse(data ?? "").by);
      return found;
    },
  };
}

describe("commands that come while others are recorded", () => {
  test("are decided on top of them, without a look, and sent once these are recorded", async () => {
    const { run, calls, release, events } = await world();
    const first = run(move, 5, { commandId: "first" });
    await turns();
    const rest = [run(move, -3, { commandId: "second" }), run(move, -3), run(move, 1)];
    await release();
    expect(await first).toMatchObject({ kind: "recorded" });
    expect(calls).toEqual(["known", "look", "append 1", "append 3"]);
    await release();
    expect((await Promise.all(rest)).map(({ kind }) => kind)).toEqual(["recorded", "rejected", "recorded"]);
    expect(await events()).toEqual([5, -3, 1]);
  });

  test("get their outcome after their own append only", async () => {
    const { run, release } = await world();
    const first = run(move, 5);
    await turns();
    const second = run(move, 1).then(() => "told");
    await release();
    await first;
    await turns();
    expect(await Promise.race([second, Promise.resolve("not yet")])).toBe("not yet");
    await release();
    expect(await second).toBe("told");
  });

  test("are not rejected on what was outdated when they came", async () => {
    const { run, rival, calls, release, openUp, events } = await world("answers");
    const first = run(move, 5);
    await turns();
    expect(await rival(4)).toMatchObject({ kind: "recorded" });
    const second = run(move, -9);
    await release();
    await first;
    openUp();
    expect(await second).toMatchObject({ kind: "recorded" });
    expect(await events()).toEqual([5, 4, -9]);
    expect(calls).toEqual(["look", "append 1", "look", "append 1"]);
  });

  test("are not rejected on what was outdated when they came, behind an event that shows it", async () => {
    const { run, rival, calls, openUp, events } = await world("answers");
    const first = run(move, 5);
    await turns();
    await rival(4);
    const rest = [run(move, -1, { maxAttempts: 1 }), run(move, -8)];
    await turns();
    openUp();
    expect((await Promise.all([first, ...rest])).map(({ kind }) => kind)).toEqual(["recorded", "recorded", "recorded"]);
    expect(await events()).toEqual([5, 4, -1, -8]);
    expect(calls).toEqual(["look", "append 1", "append 2", "look", "append 2"]);
  });

  test("that lose to another process are decided again on a look, and that is no attempt", async () => {
    const { run, rival, release, openUp, events } = await world();
    const first = run(move, 5);
    await turns();
    const second = run(move, -2, { maxAttempts: 1 });
    await release();
    await first;
    await rival(4);
    openUp();
    expect(await second).toMatchObject({ kind: "recorded" });
    expect(await events()).toEqual([5, 4, -2]);
  });

  test("are rejected on what was there when they came, also where another process has recorded it", async () => {
    const { run, rival, release, openUp } = await world();
    const first = run(move, 5);
    await release();
    await first;
    const second = run(move, 1);
    await turns();
    await rival(100);
    const third = run(move, -50);
    await turns();
    openUp();
    expect((await Promise.all([second, third])).map(({ kind }) => kind)).toEqual(["recorded", "recorded"]);
  });

  test("fall with a chain that is not recorded as it was decided", async () => {
    const { run, rival, openUp, events } = await world();
    const first = run(move, 5);
    await turns();
    const second = run(move, -5);
    await turns();
    await rival(1);
    openUp();
    expect((await Promise.all([first, second])).map(({ kind }) => kind)).toEqual(["recorded", "recorded"]);
    expect(await events()).toEqual([1, 5, -5]);
  });

  test("that are known already have their first outcome, and those on top of them are decided again", async () => {
    const { run, rival, release, openUp, events } = await world();
    const known = run(move, 3, { commandId: "known" });
    await release();
    await known;
    const first = run(move, 5);
    await turns();
    const rest = [run(move, 3, { commandId: "known" }), run(move, 2)];
    openUp();
    expect((await Promise.all([first, ...rest])).map(({ kind }) => kind)).toEqual(["recorded", "known", "recorded"]);
    await rival(0);
    expect(await events()).toEqual([3, 5, 2, 0]);
  });

  test("fail on a look of their own, and not for what is never recorded", async () => {
    const { run, rival, openUp } = await world();
    const first = run(move, 1);
    await turns();
    const second = run(picky, 1);
    openUp();
    await expect(second).rejects.toMatchObject({ code: "decision-failed" });
    await first;
    await rival(1);
    expect(await run(picky, 1)).toMatchObject({ kind: "recorded" });
  });

  test("with another model wait for a look of their own", async () => {
    const { run, calls, openUp, events } = await world();
    const first = run(move, 1);
    await turns();
    const rest = [run(move, 2), run(number, 0), run(move, 3)];
    openUp();
    await Promise.all([first, ...rest]);
    expect(await events()).toEqual([1, 2, 200, 3]);
    expect(calls).toEqual(["look", "append 1", "append 1", "look", "append 2"]);
  });

  test("leave their lane to whoever waits for it", async () => {
    const { run, openUp, calls } = await world();
    const other = defineCommand("Other", {
      ...spec,
      model: { one: sum, two: sum },
      context: () => ({ one: stream("account"), two: stream("other") }),
      decide: () => Object.assign(Moved({ by: 0 }, { stream: "other" })),
    });
    const first = run(move, 1);
    await turns();
    const between = run(other, 0);
    const last = run(move, 2);
    openUp();
    await Promise.all([first, between, last]);
    expect(calls).toEqual(["look", "append 1", "look", "append 1", "look", "append 1"]);
  });
});

test("16 at once are two chains, of which the second is decided while the first is recorded; fewer are one", async () => {
  for (const [many, appends] of [
    [16, ["append 8", "append 8"]],
    [15, ["append 15"]],
  ] as const) {
    const { run, calls, openUp } = await world();
    openUp();
    await Promise.all(Array.from({ length: many }, (_, by) => run(move, by)));
    expect(calls).toEqual(["look", ...appends]);
  }
});

test("the requests of a chain share one condition", async () => {
  const store = openMemoryStore();
  const { vkey } = signerFromSeed(origin, new Uint8Array(32));
  const { ledgerId } = await store.createLedger({ origin, vkey, genesis: createGenesis({ origin, vkey }) });
  const chains: (readonly AppendRequest[])[] = [];
  const appends = groupAppends(store);
  const appendChain: typeof appends.appendChain = (id, requests) => {
    chains.push(requests);
    return appends.appendChain(id, requests);
  };
  const commands = openCommands({ store, appends: { ...appends, appendChain }, clock: () => 0n });
  const rules = { recordRejections: false, schemas: { keepUsed: async () => undefined } };
  const calls = Array.from({ length: 20 }, (_, by) =>
    checkCall(move, { by }, { actor: "ada" }, { required: [], newId: () => `shared-${by}` }),
  );
  await Promise.all(calls.map((call) => commands.run(ledgerId, call, rules)));
  expect(chains.map((chain) => new Set(chain.map(({ condition }) => condition)).size)).toEqual([1, 1]);
  expect(chains.map(([first]) => first?.condition?.after)).toEqual([0n, 10n]);
});

test("whoever writes beside, each outcome is that of one execution after the other", async () => {
  const step = fc.record({
    by: fc.integer({ min: -9, max: 9 }),
    from: fc.constantFrom("here", "here", "here", "rival"),
    turns: fc.integer({ min: 0, max: 3 }),
    releases: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), async (steps) => {
      const { run, rival, release, openUp, events } = await world();
      const sent: Promise<{ by: number; outcome: CommandOutcome }>[] = [];
      for (const each of steps) {
        const { by } = each;
        const outcome = each.from === "rival" ? rival(by) : run(move, by, { maxAttempts: 1_000 });
        sent.push(outcome.then((found) => ({ by, outcome: found })));
        await turns(each.turns);
        if (each.releases) await release();
      }
      openUp();
      const results = await Promise.all(sent);
      const sums = new Set([0]);
      let total = 0;
      for (const by of await events()) {
        total += by;
        expect(total).toBeGreaterThanOrEqual(0);
        sums.add(total);
      }
      const recorded = results.filter(({ outcome }) => outcome.kind === "recorded");
      expect(recorded.map(({ by }) => by).sort()).toEqual((await events()).sort());
      for (const { by, outcome } of results) {
        if (outcome.kind !== "rejected") continue;
        expect(Number(outcome.reason) + by).toBeLessThan(0);
        expect(sums).toContain(Number(outcome.reason));
      }
    }),
    { numRuns: 200 },
  );
});
