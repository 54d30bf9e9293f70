import type { Look, StoredEvent } from "@eventchain/store";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { defineEvent } from "../events/define-event.ts";
import { defineModel } from "../models/define-model.ts";
import { defineCommand } from "./define-command.ts";
import { keepStates } from "./kept-states.ts";
import { stream } from "./make-context.ts";
import { applyDecided, type ModelView, readViews, viewsOf } from "./model-views.ts";
import { reject } from "./reject.ts";

const Added = defineEvent("Added", { schema: z.object({ n: z.int() }) });
const sum = defineModel("sum", { initial: () => 0 }).on(Added, (total, { data }) => total + data.n);
const last = defineModel("last", { initial: () => 0n }).on(Added, (_, { recordedAtMicros }) => recordedAtMicros);
const command = defineCommand("Add", {
  input: z.object({}),
  context: () => ({ sum: stream("s"), last: stream("s") }),
  model: { sum, last },
  records: [Added],
  rejects: { never: "It never adds" },
  decide: () => reject("never"),
});

const hash = new Uint8Array(32);

function stored(position: bigint, data: object): StoredEvent {
  const fixed = { stream: "s", type: "Added", schema: 1, tags: [], id: "", metadata: "{}" };
  const hashes = {
    salt: hash,
    dataHash: hash,
    metaSalt: hash,
    metaHash: hash,
    contentHash: hash,
    prevHash: hash,
    hash,
  };
  return {
    ...fixed,
    ...hashes,
    position,
    version: position,
    recordedAtMicros: position * 10n,
    data: JSON.stringify(data),
  };
}

/** A store whose stream has these events; `after`: what each look began past. */
function storeOf(events: StoredEvent[]) {
  const after: (bigint | undefined)[][] = [];
  return {
    after,
    events,
    look: async (_: bigint, contexts: readonly { after?: bigint }[]): Promise<Look> => {
      after.push(contexts.map((context) => context.after));
      return {
        position: BigInt(events.length),
        contexts: contexts.map(async function* ({ after: start = 0n }) {
          yield* events.slice(Number(start));
        }),
      };
    },
  };
}

function newViews(): [ModelView, ModelView] {
  const views = viewsOf(1n, command, command.context({}, { id: "ada", roles: [], claims: {} }));
  const [first, second] = views.values();
  if (first === undefined || second === undefined) throw new Error("the command has two models");
  return [first, second];
}

const decided = (n: number) => ({
  ...stored(9n, { n }),
  salt: hash,
  metaSalt: hash,
  data: JSON.stringify({ n }),
  metadata: "{}",
});

describe("readViews", () => {
  test("replays a context into each of its models", async () => {
    const views = newViews();
    expect(await readViews(storeOf([stored(1n, { n: 2 }), stored(2n, { n: 3 })]), 1n, views, keepStates(9))).toBe(2n);
    expect(views.map(({ state }) => state)).toEqual([5, 20n]);
  });

  test("starts from what is kept, once", async () => {
    const store = storeOf([stored(1n, { n: 2 }), stored(2n, { n: 3 })]);
    const kept = keepStates(9);
    const views = newViews();
    kept.put(views[0].key, { state: 100, position: 1n });
    await readViews(store, 1n, views, kept);
    expect(views.map(({ state }) => state)).toEqual([103, 20n]);
    await readViews(store, 1n, views, kept);
    expect(store.after).toEqual([
      [1n, 0n],
      [0n, 0n],
    ]);
  });

  test("forgets what is kept of a database that has gone back", async () => {
    const store = storeOf([stored(1n, { n: 2 })]);
    const kept = keepStates(9);
    const views = newViews();
    kept.put(views[0].key, { state: 100, position: 5n });
    expect(await readViews(store, 1n, views, kept)).toBe(1n);
    expect(views[0].state).toBe(2);
  });

  test("keeps what one model throws to its own view", async () => {
    const [broken, sound] = newViews();
    const raise = () => {
      throw new Error("no");
    };
    const failing = { ...broken, model: defineModel("broken", { initial: () => 0 }).on(Added, raise) };
    await readViews(storeOf([stored(1n, { n: 2 })]), 1n, [failing, sound], keepStates(9));
    expect(failing.failure).toMatchObject({ error: { code: "decision-failed" } });
    expect(sound).toMatchObject({ failure: undefined, state: 10n });
  });
});

describe("applyDecided", () => {
  test("puts an event on top of the views whose query it meets", async () => {
    const [view] = newViews();
    await readViews(storeOf([stored(1n, { n: 2 })]), 1n, [view], keepStates(9));
    applyDecided([view], [decided(5), { ...decided(7), stream: "elsewhere" }], 1n);
    expect(view).toMatchObject({ state: 7, ahead: true, guessed: false });
  });

  test("notes that a model has asked for the time of what is not recorded", async () => {
    const [, view] = newViews();
    await readViews(storeOf([]), 1n, [view], keepStates(9));
    applyDecided([view], [decided(5)], 3n);
    expect(view).toMatchObject({ state: 3_000n, guessed: true });
  });
});
