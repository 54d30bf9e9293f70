import { describe, expect, test } from "vitest";
import { z } from "zod";
import { defineEvent } from "../events/define-event.ts";
import { defineModel } from "./define-model.ts";
import type { ModelEvent } from "./types.ts";

const Counted = defineEvent("Counted", { schema: z.object({ by: z.number() }) });
const Reset = defineEvent("Reset", { schema: z.object({}) });

const base = defineModel("counter", { initial: () => 0 });
const counter = base.on(Counted, (sum, { data }) => sum + data.by).on(Reset, () => 0);

const event = (type: string, data: object): ModelEvent => ({
  type,
  id: "e",
  data,
  stream: "s",
  tags: [],
  metadata: {},
  recordedAtMicros: 1n,
});

describe("a model", () => {
  test("applies its events, and passes over others", () => {
    expect(counter.apply(1, event("Counted", { by: 2 }))).toBe(3);
    expect(counter.apply(3, event("Reset", {}))).toBe(0);
    expect(counter.apply(3, event("Other", {}))).toBe(3);
  });

  test("says what it is and handles, in the order of `on`", () => {
    expect(counter).toMatchObject({ kind: "model", name: "counter", version: 1, unknown: "skip" });
    expect(counter.events).toEqual([Counted, Reset]);
    expect(defineModel("m", { initial: () => 0, version: 2, describe: "A sum" })).toMatchObject({
      version: 2,
      description: "A sum",
    });
  });

  test("is never changed: each `on` gives a new one", () => {
    expect(base.events).toEqual([]);
    expect(base.apply(1, event("Counted", { by: 2 }))).toBe(1);
    expect(Object.isFrozen(counter) && Object.isFrozen(counter.events)).toBe(true);
  });

  test("is refused where it handles a type twice", () => {
    expect(() => counter.on(Counted, (sum) => sum)).toThrow(
      expect.objectContaining({
        code: "config-invalid",
        message: 'model "counter" handles "Counted" twice',
        values: { model: "counter" },
      }) as Error,
    );
  });

  test.each<[string, unknown, string]>([
    ["an empty name", ["", { initial: () => 0 }], "needs a name of 1 to 512 characters"],
    ["no initial", ["m", {}], "needs `initial`, a function that gives its first state"],
    ["a version of 0", ["m", { initial: () => 0, version: 0 }], "has version 0: give an integer from 1"],
    ["a wrong unknown", ["m", { initial: () => 0, unknown: "no" }], 'has unknown "no": give "skip" or "fail"'],
  ])("is refused with %s", (_what, given, problem) => {
    const [name, spec] = given as [string, { initial: () => number }];
    expect(() => defineModel(name, spec)).toThrow(
      expect.objectContaining({ code: "config-invalid", message: `model ${JSON.stringify(name)} ${problem}` }) as Error,
    );
  });
});

test("a model is refused with a key that it does not know", () => {
  const spec = { initial: () => 0, unknwon: "fail" };
  expect(() => defineModel("m", spec)).toThrow(
    expect.objectContaining({
      code: "invalid-argument",
      message: 'model "m" has no key "unknwon": use initial, version, unknown, describe',
    }) as Error,
  );
});

describe("a state", () => {
  interface Basket {
    readonly lines: { sku: string; tags: string[] }[];
    readonly seen: Map<string, string[]>;
  }
  const shared = { lines: [], seen: new Map() };
  const basket = defineModel<Basket>("basket", { initial: () => shared }).on(Counted, (state, { data }) => ({
    ...state,
    lines: [...state.lines, { sku: `${data.by}`, tags: ["new"] }],
  }));

  test("is frozen at any depth, first and after each event", () => {
    expect(Object.isFrozen(basket.initial()) && Object.isFrozen(shared.lines)).toBe(true);
    const first = basket.apply(basket.initial(), event("Counted", { by: 1 }));
    const second = basket.apply(first, event("Counted", { by: 2 }));
    const parts = [second, second.lines, ...second.lines, ...second.lines.map(({ tags }) => tags)];
    expect(parts).toHaveLength(6);
    expect(parts.every(Object.isFrozen)).toBe(true);
  });

  test("keeps a Map as it is", () => {
    expect(basket.initial().seen.set("a", [])).toBe(shared.seen);
  });

  test("of an `initial` that throws is the model's failure", () => {
    const cause = new Error("no shelf");
    const broken = defineModel("shelf", {
      initial: (): number => {
        throw cause;
      },
    });
    expect(broken.initial).toThrow(
      expect.objectContaining({
        code: "decision-failed",
        message: 'model "shelf": its `initial` threw: no shelf',
        values: { model: "shelf" },
        cause,
      }) as Error,
    );
  });
});

describe("a model that skips nothing", () => {
  const strict = defineModel("strict", { initial: () => 0, unknown: "fail" }).on(Counted, (sum) => sum + 1);

  test("fails at a type that it does not handle, and names it", () => {
    expect(() => strict.apply(0, event("Other", {}))).toThrow(
      expect.objectContaining({
        code: "unknown-event",
        message: expect.stringMatching(/^model "strict" does not handle event "Other": add /),
        values: { model: "strict", type: "Other" },
      }) as Error,
    );
  });

  test("passes over the ledger's own events", () => {
    expect(strict.apply(4, event("$CommandRejected", {}))).toBe(4);
  });
});

describe("a handler", () => {
  test("that changes what it is given fails at once, by name", () => {
    const list = defineModel("list", { initial: (): number[] => [] }).on(Counted, (state, { data }) => {
      state.push(data.by);
      return state;
    });
    expect(() => list.apply(list.initial(), event("Counted", { by: 1 }))).toThrow(
      expect.objectContaining({
        code: "decision-failed",
        values: { model: "list", type: "Counted" },
        cause: expect.any(TypeError),
      }) as Error,
    );
  });

  test("that throws is named with its model, its event and the cause", () => {
    const cause = new TypeError("no such seat");
    const broken = base.on(Counted, () => {
      throw cause;
    });
    expect(() => broken.apply(0, event("Counted", { by: 1 }))).toThrow(
      expect.objectContaining({
        code: "decision-failed",
        message: 'model "counter": its handler of "Counted" threw: no such seat',
        values: { model: "counter", type: "Counted" },
        cause,
      }) as Error,
    );
  });

  test("that gives a promise is refused, whatever becomes of the promise", () => {
    const late = base.on(Counted, (async () => {
      throw new Error("unheard");
    }) as never);
    expect(() => late.apply(0, event("Counted", { by: 1 }))).toThrow(
      expect.objectContaining({ code: "decision-failed", message: expect.stringContaining("gave a promise") }) as Error,
    );
  });
});
