import { LedgerError } from "@eventchain/core";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { defineEvent } from "../events/define-event.ts";
import { defineModel } from "../models/define-model.ts";
import { DEFAULT_RETRY, defineReaction } from "./define-reaction.ts";
import { giveUp, isGivenUp } from "./give-up.ts";

const Ordered = defineEvent("Ordered", { schema: z.object({ until: z.string() }) });
const Paid = defineEvent("Paid", { schema: z.object({}) });
const OtherPaid = defineEvent("Paid", { version: 2, schema: z.object({ by: z.string() }) });
const nothing = (): void => undefined;

/** The code and message of what is thrown. */
function thrown(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof LedgerError) return `${error.code}: ${error.message}`;
  }
  return "nothing";
}

describe("a reaction", () => {
  test("says what it reacts on, by the names of its handlers, each event once", () => {
    const base = defineReaction("billing");
    const reaction = base.on(Ordered, nothing).onTimeout(Ordered, { afterMs: 5 }, nothing).on(Paid, nothing);
    expect([...reaction.handlers.keys()]).toEqual(["on:Ordered", "timeout:Ordered", "on:Paid"]);
    expect(reaction.events).toEqual([Ordered, Paid]);
    expect(base.handlers.size).toBe(0);
  });

  test("has the defaults that are documented", () => {
    const { from, order, level, retry, timeoutMs, model, context } = defineReaction("billing");
    expect({ from, order, level, retry, timeoutMs, model, context }).toEqual({
      from: "now",
      order: "none",
      level: "appended",
      retry: { attempts: 10, firstMs: 1_000, factor: 2, maxMs: 3_600_000 },
      timeoutMs: 30_000,
      model: undefined,
      context: undefined,
    });
  });

  test("takes a part of a retry policy, an undefined one as its default", () => {
    expect(defineReaction("billing", { retry: { attempts: 3, factor: undefined } }).retry).toEqual({
      ...DEFAULT_RETRY,
      attempts: 3,
    });
  });

  test("on any event stands alone, in either order", () => {
    expect(thrown(() => defineReaction("r").onAny(nothing).on(Paid, nothing))).toMatch(/config-invalid.*onAny stands/);
    expect(thrown(() => defineReaction("r").on(Paid, nothing).onAny(nothing))).toMatch(/config-invalid.*onAny stands/);
    expect(thrown(() => defineReaction("r").onAny(nothing).onAny(nothing))).toMatch(/config-invalid.*onAny twice/);
  });

  test.each([
    ["the same type twice", () => defineReaction("r").on(Paid, nothing).on(Paid, nothing), /on of "Paid" twice/],
    [
      "two definitions of a type",
      () => defineReaction("r").on(Paid, nothing).onTimeout(OtherPaid, { afterMs: 1 }, nothing),
      /two definitions of "Paid"/,
    ],
    [
      "a time-out with both of its ways",
      () => defineReaction("r").onTimeout(Paid, { afterMs: 1, at: () => "" } as never, nothing),
      /either afterMs or at/,
    ],
    ["a time-out of less than nothing", () => defineReaction("r").onTimeout(Paid, { afterMs: -1 }, nothing), /afterMs/],
    ["no function to run", () => defineReaction("r").on(Paid, "mail" as never), /its run is not a function/],
    ["what is no event", () => defineReaction("r").on("Paid" as never, nothing), /no event definition/],
  ])("refuses %s", (_, make, message) => {
    expect(thrown(make)).toMatch(message);
    expect(thrown(make)).toMatch(/^config-invalid: reaction r/);
  });

  const bad: [string, object, RegExp][] = [
    ["an unknown key", { retries: 3 }, /^invalid-argument: reaction r has no key "retries"/],
    ["an unknown key of retry", { retry: { times: 3 } }, /^invalid-argument: retry of reaction r has no key "times"/],
    ["another order", { order: "all" }, /its order is "all": give "stream" or "none"/],
    ["another start", { from: 5 }, /its from is 5/],
    ["another level", { level: "anchored" }, /its level is "anchored"/],
    ["no attempt at all", { retry: { attempts: 0 } }, /retry.attempts is 0/],
    ["a factor that shrinks", { retry: { factor: 0.5 } }, /retry.factor is 0.5/],
    ["a longest pause below the first", { retry: { firstMs: 10, maxMs: 5 } }, /retry.maxMs is 5/],
    ["no time", { timeoutMs: 0 }, /timeoutMs is 0/],
    ["a model that is none", { model: {} }, /not one of defineModel's/],
    ["a context without a model", { context: nothing }, /a context and no model/],
    ["a where that is no function", { where: true }, /its where is not a function/],
  ];
  test.each(bad)("refuses %s", (_, spec, message) => {
    expect(thrown(() => defineReaction("r", spec))).toMatch(message);
  });

  test.each(["", "A", "1a", "a_b", "a".repeat(101), 7 as never])("cannot be called %j", (name) => {
    expect(thrown(() => defineReaction(name))).toMatch(/^config-invalid: reaction .* cannot be called so/);
  });

  test("with a model gives its runs that model's state", () => {
    const model = defineModel("order", { initial: () => ({ paid: false }) });
    const reaction = defineReaction("r", { model }).on(Paid, (_, { state }) => {
      const paid: boolean = state.paid;
      void paid;
    });
    expect(reaction.model).toBe(model);
  });
});

describe("giveUp", () => {
  test("makes an error that says so; no other one does", () => {
    expect(giveUp("no such address").toJSON()).toEqual({ code: "reaction-failed", message: "no such address" });
    expect(isGivenUp(giveUp("x"))).toBe(true);
    expect(isGivenUp(new LedgerError("reaction-failed", "x", { retryable: true }))).toBe(false);
    expect(isGivenUp(new Error("x"))).toBe(false);
  });

  test("takes no empty reason", () => {
    expect(thrown(() => giveUp(""))).toMatch(/^invalid-argument/);
  });
});
