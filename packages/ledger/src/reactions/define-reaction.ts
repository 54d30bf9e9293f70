import { LedgerError } from "@eventchain/core";
import { checkKeys, checkPlainObject } from "../check-keys.ts";
import type { AnyEventDefinition } from "../events/types.ts";
import { LEVELS } from "../subscribe/types.ts";
import type { AnyReaction, Reaction, ReactionHandler, ReactionSpec, RetryPolicy, Timeout } from "./types.ts";

/** What holds for a reaction unless it says otherwise. */
export const DEFAULT_RETRY: Reaction["retry"] = Object.freeze({
  attempts: 10,
  firstMs: 1_000,
  factor: 2,
  maxMs: 3_600_000,
});

/** How long one run may take unless its reaction says otherwise, in milliseconds. */
export const DEFAULT_RUN_TIMEOUT_MS = 30_000;

/** The longest that a run may take (an hour): whoever takes a task up after a crash waits for as long. */
const MAX_RUN_TIMEOUT_MS = 3_600_000;

/** The longest time-out: 100 years of 366 days, in milliseconds. */
const MAX_AFTER_MS = 100 * 366 * 86_400_000;

const SPEC_KEYS = [
  "where",
  "from",
  "order",
  "level",
  "retry",
  "timeoutMs",
  "model",
  "context",
  "describe",
] as const satisfies readonly (keyof ReactionSpec<unknown>)[];

type Described = Omit<AnyReaction, "events" | "handlers" | "on" | "onAny" | "onTimeout">;

/**
 * Defines what is done because of events; it reacts on nothing yet: `.on`, `.onAny` and `.onTimeout` say on what.
 *
 * Each run is made at least once, by a worker that has the reaction in its config; what it does outside must bear to be
 * done twice, or be given the run's `idempotencyKey`. Its commands are recorded exactly once where it issues the same
 * ones, in the same order, each time: a run is deterministic in its commands, or names each of them by `key`. One that
 * gives a command other input than the run before it fails: LedgerError `command-id-reused`.
 * Errors: LedgerError `config-invalid`; `invalid-argument` for an unknown key.
 */
export function defineReaction<State = undefined>(name: string, spec: ReactionSpec<State> = {}): Reaction<State> {
  if (typeof name !== "string" || !/^[a-z][a-z0-9-]{0,99}$/.test(name))
    throw new LedgerError(
      "config-invalid",
      `reaction ${JSON.stringify(String(name).slice(0, 120))} cannot be called so: use 1 to 100 characters a-z 0-9 -, a letter first`,
      { values: { reaction: String(name).slice(0, 120) } },
    );
  checkKeys(spec, SPEC_KEYS, `reaction ${name}`);
  const { where = everything, from = "now", order = "none", level = "appended" } = spec;
  const { timeoutMs = DEFAULT_RUN_TIMEOUT_MS, model, context, describe } = spec;
  checkFunction(name, "where", where);
  checkChoice(name, "from", from, ["now", "start"]);
  checkChoice(name, "order", order, ["stream", "none"]);
  checkChoice(name, "level", level, LEVELS);
  checkNumber(name, "timeoutMs", timeoutMs, { least: 1, most: MAX_RUN_TIMEOUT_MS, whole: true });
  if (model !== undefined && (typeof model !== "object" || model === null || model.kind !== "model"))
    throw invalid(name, "its model is not one of defineModel's");
  if (context !== undefined) checkFunction(name, "context", context);
  if (context !== undefined && model === undefined)
    throw invalid(name, "it has a context and no model: give the model whose events are there");
  const retry = retryOf(name, spec.retry ?? {});
  const described: Described = {
    kind: "reaction",
    name,
    where,
    from,
    order,
    level,
    retry,
    timeoutMs,
    model,
    context,
    description: describe,
  };
  return build(described, new Map());
}

function everything(): boolean {
  return true;
}

function build(described: Described, handlers: ReadonlyMap<string, ReactionHandler>): AnyReaction {
  const { name } = described;
  const events = new Map([...handlers.values()].flatMap(({ event }) => (event === null ? [] : [[event.type, event]])));

  function add(key: string, handler: ReactionHandler): AnyReaction {
    checkFunction(name, "run", handler.run);
    if (handlers.has(key)) throw invalid(name, `it has ${spoken(key)} twice`);
    if (handlers.has("any") || (key === "any" && handlers.size > 0))
      throw invalid(name, "onAny stands alone: make a second reaction for single types and time-outs");
    const { event } = handler;
    if (event !== null && (events.get(event.type) ?? event) !== event)
      throw invalid(name, `it reacts on two definitions of ${JSON.stringify(event.type)}: use one`);
    return build(described, new Map([...handlers, [key, Object.freeze(handler)]]));
  }

  return Object.freeze({
    ...described,
    events: Object.freeze([...events.values()]),
    handlers,
    on: (event: AnyEventDefinition, run: ReactionHandler["run"]) =>
      add(`on:${typeOf(name, event)}`, { event, timeout: null, run }),
    onAny: (run: ReactionHandler["run"]) => add("any", { event: null, timeout: null, run }),
    onTimeout: (event: AnyEventDefinition, when: Timeout<never>, run: ReactionHandler["run"]) =>
      add(`timeout:${typeOf(name, event)}`, { event, timeout: checkTimeout(name, when), run }),
  }) as AnyReaction;
}

function spoken(key: string): string {
  if (key === "any") return "onAny";
  const [what, ...type] = key.split(":");
  return `${what === "on" ? "on" : "onTimeout"} of ${JSON.stringify(type.join(":"))}`;
}

function typeOf(name: string, event: AnyEventDefinition): string {
  if (typeof event === "function" && event.kind === "event") return event.type;
  throw invalid(name, "it reacts on what is no event definition, as defineEvent makes them");
}

function checkTimeout(name: string, when: Timeout<never>): ReactionHandler["timeout"] {
  checkPlainObject(when, `the time-out of reaction ${name}`);
  checkKeys(when, ["afterMs", "at"], `the time-out of reaction ${name}`);
  const { afterMs, at }: { afterMs?: unknown; at?: unknown } = when;
  if ((afterMs === undefined) === (at === undefined))
    throw invalid(name, "its time-out has to say either afterMs or at");
  if (afterMs === undefined) checkFunction(name, "at", at);
  else checkNumber(name, "afterMs", afterMs, { least: 0, most: MAX_AFTER_MS, whole: true });
  return Object.freeze({ ...when }) as ReactionHandler["timeout"];
}

function retryOf(name: string, given: RetryPolicy): Reaction["retry"] {
  checkKeys(given, Object.keys(DEFAULT_RETRY), `retry of reaction ${name}`);
  const known = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const retry: Reaction["retry"] = { ...DEFAULT_RETRY, ...known };
  checkNumber(name, "retry.attempts", retry.attempts, { least: 1, most: 1_000_000, whole: true });
  checkNumber(name, "retry.firstMs", retry.firstMs, { least: 0, most: MAX_AFTER_MS, whole: true });
  checkNumber(name, "retry.factor", retry.factor, { least: 1, most: 1_000, whole: false });
  checkNumber(name, "retry.maxMs", retry.maxMs, { least: retry.firstMs, most: MAX_AFTER_MS, whole: true });
  return Object.freeze(retry);
}

function checkFunction(name: string, key: string, value: unknown): void {
  if (typeof value !== "function") throw invalid(name, `its ${key} is not a function`);
}

function checkChoice(name: string, key: string, value: unknown, choices: readonly string[]): void {
  if (typeof value === "string" && choices.includes(value)) return;
  const wanted = choices.map((choice) => JSON.stringify(choice)).join(" or ");
  throw invalid(name, `its ${key} is ${shown(value)}: give ${wanted}`);
}

function checkNumber(
  name: string,
  key: string,
  value: unknown,
  { least, most, whole }: { least: number; most: number; whole: boolean },
): void {
  const isNumber = typeof value === "number" && (whole ? Number.isSafeInteger(value) : Number.isFinite(value));
  if (isNumber && value >= least && value <= most) return;
  throw invalid(name, `its ${key} is ${shown(value)}: give a ${whole ? "whole " : ""}number from ${least} to ${most}`);
}

function shown(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value.slice(0, 40)) : String(value).slice(0, 40);
}

function invalid(name: string, problem: string): LedgerError {
  return new LedgerError("config-invalid", `reaction ${name} cannot be used: ${problem}`, {
    values: { reaction: name },
  });
}
