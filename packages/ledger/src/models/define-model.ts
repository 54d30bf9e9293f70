import { LedgerError } from "@eventchain/core";
import { checkKeys } from "../check-keys.ts";
import { freezeDeep } from "../events/freeze-deep.ts";
import type { AnyEventDefinition } from "../events/types.ts";
import type { Model, ModelEvent, ModelSpec } from "./types.ts";

interface Handler<State> {
  readonly event: AnyEventDefinition;
  // biome-ignore lint/suspicious/noExplicitAny: each handler takes its own event
  readonly apply: (state: State, event: any) => State;
}

const SPEC_KEYS = ["initial", "version", "unknown", "describe"] as const;

/**
 * Defines a model, which handles nothing yet: `.on` says what.
 * Errors: LedgerError `config-invalid` for a name that is empty or over 512 characters, a version that is no integer from 1, or
 * an `unknown` that is neither "skip" nor "fail"; `invalid-argument` for an unknown key.
 */
export function defineModel<State>(name: string, spec: ModelSpec<State>): Model<State> {
  if (typeof name !== "string" || name === "" || name.length > 512)
    throw invalid(String(name).slice(0, 80), "needs a name of 1 to 512 characters");
  checkKeys(spec, SPEC_KEYS, `model ${JSON.stringify(name)}`);
  const { initial, version = 1, unknown = "skip", describe } = spec;
  if (typeof initial !== "function") throw invalid(name, "needs `initial`, a function that gives its first state");
  if (!Number.isSafeInteger(version) || version < 1)
    throw invalid(name, `has version ${String(version)}: give an integer from 1`);
  if (unknown !== "skip" && unknown !== "fail")
    throw invalid(name, `has unknown ${JSON.stringify(unknown)}: give "skip" or "fail"`);
  return build({ name, version, unknown, description: describe, initial: () => start(name, initial) }, new Map());
}

type Described<State> = Pick<Model<State>, "name" | "version" | "unknown" | "description" | "initial">;

function build<State>(described: Described<State>, handlers: ReadonlyMap<string, Handler<State>>): Model<State> {
  return Object.freeze({
    kind: "model" as const,
    ...described,
    events: Object.freeze([...handlers.values()].map(({ event }) => event)),
    on: (event: AnyEventDefinition, apply: Handler<State>["apply"]) => {
      if (handlers.has(event.type)) throw invalid(described.name, `handles ${JSON.stringify(event.type)} twice`);
      return build(described, new Map([...handlers, [event.type, { event, apply }]]));
    },
    apply: (state: State, event: ModelEvent) => apply(described, handlers.get(event.type), state, event),
  });
}

function apply<State>(
  { name, unknown }: Described<State>,
  handler: Handler<State> | undefined,
  state: State,
  event: ModelEvent,
): State {
  if (handler === undefined) {
    if (unknown === "fail") refuseUnknown(name, event);
    return state;
  }
  const { type } = event;
  return makeState(() => handler.apply(state, event), state, name, `its handler of ${JSON.stringify(type)}`, { type });
}

function start<State>(name: string, initial: () => State): State {
  return makeState(initial, undefined, name, "its `initial`", {});
}

/**
 * What an app's function makes of a state, frozen: whoever is given it, now or later, cannot change what others are given.
 * Errors: LedgerError `decision-failed`.
 */
function makeState<State>(
  make: () => State,
  before: State | undefined,
  model: string,
  what: string,
  values: Readonly<Record<string, unknown>>,
): State {
  let made: State;
  try {
    made = freezeDeep(make(), before);
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw failed(`${what} threw: ${problem}`, cause);
  }
  if (!(made instanceof Promise)) return made;
  // Nobody awaits it: its failure must not end the process.
  made.catch(() => undefined);
  throw failed(`${what} gave a promise: it gives the state at once`);

  function failed(problem: string, cause?: unknown): LedgerError {
    return new LedgerError("decision-failed", `model ${JSON.stringify(model)}: ${problem}`, {
      values: { model, ...values },
      cause,
    });
  }
}

/**
 * Throws `unknown-event` for a model that skips nothing. The ledger's own events, whose types begin with `$`, concern no
 * model that does not ask for them.
 */
export function refuseUnknown(model: string, event: { type: string; position?: bigint }): void {
  if (event.type.startsWith("$")) return;
  const { type, position } = event;
  const where = position === undefined ? "" : ` at position ${position}`;
  throw new LedgerError(
    "unknown-event",
    `model ${JSON.stringify(model)} does not handle event ${JSON.stringify(type)}${where}: add \`.on\` for it, or let the model skip unknown events`,
    { values: { model, type, ...(position === undefined ? {} : { position }) } },
  );
}

function invalid(name: string, problem: string): LedgerError {
  return new LedgerError("config-invalid", `model ${JSON.stringify(name)} ${problem}`, { values: { model: name } });
}
