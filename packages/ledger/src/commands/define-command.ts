import { checkName, LedgerError } from "@eventchain/core";
import { checkKeys, checkPlainObject, isPlainObject } from "../check-keys.ts";
import { toDataSchema } from "../events/data-schema.ts";
import type { AnyEventDefinition, AnySchema, EventOf, InputOf } from "../events/types.ts";
import type { AnyModel, Models } from "../models/types.ts";
import { failed, swallow, unusable } from "./decide-command.ts";
import { checkContext } from "./make-context.ts";
import type { Command, CommandSpec, Context, KnownActor, NotAllowed } from "./types.ts";

const SPEC_KEYS = [
  "input",
  "model",
  "context",
  "records",
  "rejects",
  "allow",
  "authorize",
  "decide",
  "describe",
] as const;

/** What is called by any command: the types of a spec are between its own functions. */
// biome-ignore lint/suspicious/noExplicitAny: any function of a spec
type AnyFunction = (...given: any[]) => any;

/**
 * A command: what it is given, what its decision depends on, which events it may record, which rules it checks.
 * Errors: LedgerError `config-invalid`, `invalid-name`, `invalid-argument` for an unknown key.
 */
export function defineCommand<
  const Name extends string,
  Schema extends AnySchema,
  M extends Models,
  const Records extends readonly AnyEventDefinition[],
  const Rejects extends Readonly<Record<string, string>> = Record<never, string>,
>(
  name: Name,
  spec: CommandSpec<Schema, M, Records, Rejects>,
): Command<Name, InputOf<Schema>, (keyof Rejects & string) | NotAllowed, EventOf<Records[number]>> {
  checkName("type", name);
  checkKeys(spec, SPEC_KEYS, `command ${name}`);
  for (const key of ["context", "decide"] as const) checkFunction(name, key, spec[key]);
  for (const key of ["allow", "authorize"] as const) if (spec[key] !== undefined) checkFunction(name, key, spec[key]);
  const models = modelsOf(name, spec.model);
  const context: AnyFunction = spec.context;
  const authorize: AnyFunction = spec.authorize ?? (() => true);
  const decide: AnyFunction = spec.decide;
  return Object.freeze({
    kind: "command",
    name,
    description: spec.describe,
    input: toDataSchema(spec.input, `the input of command ${JSON.stringify(name)}`, "input"),
    models,
    context: (input: unknown, actor: KnownActor) => contextsOf(name, models, context(input, actor)),
    records: recordsOf(name, spec.records),
    rejects: rejectsOf(name, spec.rejects ?? {}),
    allow: spec.allow,
    authorize,
    decide,
  });
}

function checkFunction(name: string, key: string, value: unknown): void {
  if (typeof value !== "function") throw invalid(name, `its ${key} is not a function`);
}

function modelsOf(name: string, model: Models): ReadonlyMap<string, AnyModel> {
  if (isModel(model)) return new Map([["", model]]);
  checkPlainObject(model, `model of command ${name}`);
  const models = new Map(Object.entries(model));
  if (models.size === 0) throw invalid(name, "it has no model: give one, or several by name");
  for (const [key, each] of models) {
    if (key === "" || !isModel(each))
      throw invalid(name, `its model ${JSON.stringify(key)} is not one of defineModel's`);
  }
  return models;
}

function isModel(model: unknown): model is AnyModel {
  return typeof model === "object" && model !== null && "kind" in model && model.kind === "model";
}

/** What the command's `context` gave: one for each model. Errors: LedgerError `decision-failed`. */
function contextsOf(name: string, models: ReadonlyMap<string, AnyModel>, given: unknown): ReadonlyMap<string, Context> {
  if (models.has("")) return new Map([["", asContext(name, "", given)]]);
  if (!isPlainObject(given)) throw unusable(name, "context", given, "an object with a context for each model");
  for (const each of Object.values(given)) swallow(each);
  const extra = Object.keys(given).find((key) => !models.has(key));
  if (extra !== undefined) throw failed(name, `its context gave ${JSON.stringify(extra)}, which is no model of it`);
  const missing = [...models.keys()].find((key) => !(key in given));
  if (missing !== undefined) throw failed(name, `its context gave nothing for the model ${JSON.stringify(missing)}`);
  return new Map([...models.keys()].map((key) => [key, asContext(name, key, given[key] ?? NO_EVENTS)]));
}

/** The context of a model that a decision does not depend on. */
const NO_EVENTS: Context = { kind: "query", items: [] };

function asContext(name: string, key: string, value: unknown): Context {
  const what = `context${key === "" ? "" : ` ${JSON.stringify(key)}`}`;
  if (value === NO_EVENTS) return NO_EVENTS;
  if (typeof value !== "object" || value === null || !("kind" in value))
    throw unusable(name, what, value, "stream(…) or query(…)");
  try {
    return checkContext(value);
  } catch (cause) {
    throw failed(name, `its ${what} cannot be used: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  }
}

function recordsOf(name: string, records: readonly AnyEventDefinition[]): readonly AnyEventDefinition[] {
  if (!Array.isArray(records) || records.length === 0)
    throw invalid(name, "it records no event: list the events that it may record");
  const types = new Map<string, AnyEventDefinition>();
  for (const each of records) {
    if (typeof each !== "function" || each.kind !== "event")
      throw invalid(name, "its records are not all event definitions, as defineEvent makes them");
    if ((types.get(each.type) ?? each) !== each) throw invalid(name, `it records two definitions of ${each.type}`);
    types.set(each.type, each);
  }
  return [...types.values()];
}

function rejectsOf(name: string, rejects: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  checkPlainObject(rejects, `rejects of command ${name}`);
  for (const [code, sentence] of Object.entries(rejects)) {
    checkName("type", code);
    if (typeof sentence !== "string" || sentence === "")
      throw invalid(name, `its rejection ${JSON.stringify(code)} has no sentence: say what does not hold`);
  }
  return new Map(Object.entries(rejects) as [string, string][]);
}

function invalid(name: string, problem: string): LedgerError {
  return new LedgerError("config-invalid", `command ${name} cannot be used: ${problem}`, { values: { command: name } });
}
