import { LedgerError } from "@eventchain/core";
import { checkKeys } from "../check-keys.ts";
import type { AnyEventDefinition } from "../events/types.ts";
import { LEVELS } from "../subscribe/types.ts";
import { applyModel, modelSchema } from "./model-projection.ts";
import { projectionFailed } from "./projection-failed.ts";
import type { ModelProjectionSpec, ProjectedEvent, Projection, ProjectionDb, TableProjectionSpec } from "./types.ts";
import { HandlerTimeout, withinTime } from "./within-time.ts";

const COMMON_KEYS = ["version", "mode", "level", "onError", "where", "timeoutMs", "describe"] as const;
const TABLE_KEYS = [...COMMON_KEYS, "schema"] as const;
const MODEL_KEYS = [...COMMON_KEYS, "model", "key", "table"] as const;
const DEFAULT_TIMEOUT_MS = { async: 30_000, inline: 5_000 } as const;
/** Postgres ends a transaction that is idle for a minute, and one that holds a ledger after 10 s. */
const MAX_TIMEOUT_MS = { async: 50_000, inline: 9_000 } as const;

// biome-ignore lint/suspicious/noExplicitAny: each handler takes its own event
type Handle = (event: any, db: ProjectionDb) => unknown;
// biome-ignore lint/suspicious/noExplicitAny: each handler takes its own events
type HandleBatch = (events: readonly any[], db: ProjectionDb) => unknown;

/** What applies events: handlers by type, one for batches, or a model. */
type Work =
  | { readonly kind: "each"; readonly handlers: ReadonlyMap<string, Handle> }
  | { readonly kind: "batch"; readonly handle: HandleBatch }
  | { readonly kind: "model" };

type Described = Omit<Projection, "on" | "onBatch" | "apply" | "events">;

/**
 * Defines a projection: a read model that is kept from events. One by SQL of its own handles nothing yet: `.on`, or
 * `.onBatch`, says what; one that is a model handles what the model does.
 *
 * Errors: LedgerError `config-invalid` for a name that is not 1 to 40 characters `a-z 0-9 -`, a version that is no integer
 * from 1, an unknown mode, level or onError, a time limit that is none, a level of an inline one, a schema that is empty or ends its transaction, a table
 * that is no plain name; `invalid-argument` for an unknown key.
 */
export function defineProjection<State>(name: string, spec: ModelProjectionSpec<State>): Projection;
export function defineProjection(name: string, spec: TableProjectionSpec): Projection;
export function defineProjection(
  name: string,
  // biome-ignore lint/suspicious/noExplicitAny: the state is the model's
  spec: TableProjectionSpec | ModelProjectionSpec<any>,
): Projection {
  if (typeof name !== "string" || !/^[a-z][a-z0-9-]{0,39}$/.test(name))
    throw new LedgerError(
      "config-invalid",
      `a projection is called ${JSON.stringify(String(name).slice(0, 80))}: give 1 to 40 characters a-z, 0-9 and -, beginning with a letter`,
    );
  const isModel = typeof spec === "object" && spec !== null && "model" in spec;
  checkKeys(spec, isModel ? MODEL_KEYS : TABLE_KEYS, `projection ${JSON.stringify(name)}`);
  const common = checkCommon(name, spec);
  if (!isModel) return build({ ...common, schema: checkSchema(name, spec), model: undefined }, [], eachOf(new Map()));
  const made = checkModel(name, spec as ModelProjectionSpec<unknown>);
  const schema = modelSchema(made, common.description);
  return build({ ...common, schema, model: made }, made.model.events, { kind: "model" });
}

function eachOf(handlers: ReadonlyMap<string, Handle>): Work {
  return { kind: "each", handlers };
}

function build(described: Described, events: readonly AnyEventDefinition[], work: Work): Projection {
  const { name } = described;
  const on = (event: AnyEventDefinition, handle: Handle): Projection => {
    if (work.kind !== "each") throw invalid(name, HAS_OTHER[work.kind]);
    checkDefinition(name, event);
    if (typeof handle !== "function") throw invalid(name, `needs a function to handle ${JSON.stringify(event.type)}`);
    if (work.handlers.has(event.type)) throw invalid(name, `handles ${JSON.stringify(event.type)} twice`);
    return build(described, [...events, event], eachOf(new Map([...work.handlers, [event.type, handle]])));
  };
  const onBatch = (batch: readonly AnyEventDefinition[], handle: HandleBatch): Projection => {
    if (work.kind !== "each") throw invalid(name, HAS_OTHER[work.kind]);
    if (work.handlers.size > 0)
      throw invalid(name, "handles events one by one already: use `on` or `onBatch`, not both");
    if (!Array.isArray(batch) || batch.length === 0)
      throw invalid(name, "needs a list of at least one event in `onBatch`");
    for (const event of batch) checkDefinition(name, event);
    if (typeof handle !== "function") throw invalid(name, "needs a function to handle batches");
    const twice = batch.find(({ type }, at) => batch.findIndex((other) => other.type === type) !== at);
    if (twice !== undefined) throw invalid(name, `handles ${JSON.stringify(twice.type)} twice`);
    return build(described, [...batch], { kind: "batch", handle });
  };
  return Object.freeze({
    ...described,
    events: Object.freeze([...events]),
    on,
    onBatch,
    apply: (list: readonly ProjectedEvent[], db: ProjectionDb, isOver?: () => boolean) =>
      apply(described, work, { list, isOver }, db),
  });
}

const HAS_OTHER = {
  batch: "handles batches: give `onBatch` all of its events",
  model: "is a model: let that handle the event",
};

interface Given {
  readonly list: readonly ProjectedEvent[];
  readonly isOver: (() => boolean) | undefined;
}

async function apply(
  { name, model, timeoutMs }: Described,
  work: Work,
  { list, isOver }: Given,
  db: ProjectionDb,
): Promise<number> {
  if (work.kind === "each") return applyEach({ name, timeoutMs }, work.handlers, { list, isOver }, db);
  if (model !== undefined) await applyWithin({ name, timeoutMs }, model, list, db);
  if (work.kind !== "batch" || list.length === 0) return list.length;
  try {
    await withinTime(work.handle(list, db), timeoutMs);
    return list.length;
  } catch (cause) {
    throw projectionFailed(name, cause, list.length === 1 ? list[0] : undefined);
  }
}

type Timed = Pick<Described, "name" | "timeoutMs">;

async function applyWithin(
  { name, timeoutMs }: Timed,
  model: NonNullable<Described["model"]>,
  events: readonly ProjectedEvent[],
  db: ProjectionDb,
): Promise<void> {
  try {
    await withinTime(applyModel(name, model, events, db), timeoutMs);
  } catch (error) {
    if (!(error instanceof HandlerTimeout)) throw error;
    throw projectionFailed(name, error, events.length === 1 ? events[0] : undefined);
  }
}

/** A handler that gives nothing is not awaited: a microtask for each event would cost more than what it does. */
async function applyEach(
  { name, timeoutMs }: Timed,
  handlers: ReadonlyMap<string, Handle>,
  { list, isOver }: Given,
  db: ProjectionDb,
): Promise<number> {
  let applied = 0;
  for (const event of list) {
    if (applied > 0 && isOver?.() === true) break;
    try {
      const given = handlers.get(event.type)?.(event, db);
      if (given !== undefined) await withinTime(given, timeoutMs);
    } catch (cause) {
      throw projectionFailed(name, cause, event);
    }
    applied += 1;
  }
  return applied;
}

function checkCommon(name: string, spec: Omit<TableProjectionSpec, "schema">): Omit<Described, "schema" | "model"> {
  const { version = 1, mode = "async", level, onError = "stop", where = {}, describe } = spec;
  if (!Number.isInteger(version) || version < 1 || version >= 2 ** 31)
    throw invalid(name, `has version ${String(version)}: give an integer from 1`);
  if (mode !== "inline" && mode !== "async")
    throw invalid(name, `has mode ${JSON.stringify(mode)}: give "inline" or "async"`);
  if (level !== undefined && !LEVELS.includes(level))
    throw invalid(name, `has level ${JSON.stringify(level)}: give ${LEVELS.join(", ")}`);
  if (onError !== "stop" && onError !== "dead-letter")
    throw invalid(name, `has onError ${JSON.stringify(onError)}: give "stop" or "dead-letter"`);
  if (mode === "inline" && level !== undefined && level !== "appended")
    throw invalid(name, `is inline, where each event is just appended: leave out level ${JSON.stringify(level)}`);
  if (mode === "inline" && onError !== "stop")
    throw invalid(name, "is inline, where what fails refuses the append: leave out onError");
  const { timeoutMs = DEFAULT_TIMEOUT_MS[mode] } = spec;
  if (!Number.isInteger(timeoutMs) || timeoutMs < 1 || timeoutMs > MAX_TIMEOUT_MS[mode])
    throw invalid(name, `has timeoutMs ${String(timeoutMs)}: give an integer from 1 to ${MAX_TIMEOUT_MS[mode]}`);
  if (describe !== undefined && typeof describe !== "string") throw invalid(name, "has a `describe` that is no text");
  checkKeys(where, ["streams", "tags"], `\`where\` of projection ${JSON.stringify(name)}`);
  for (const key of ["streams", "tags"] as const) {
    const list: unknown = where[key];
    if (list === undefined) continue;
    if (!Array.isArray(list) || list.length === 0 || !list.every((one) => typeof one === "string"))
      throw invalid(name, `has a \`where\` whose ${key} are not a list of at least one text`);
  }
  const common = { name, version, mode, level: level ?? "appended", onError, where, timeoutMs, description: describe };
  return { kind: "projection", ...common };
}

function checkSchema(name: string, spec: TableProjectionSpec | { schema?: unknown }): string {
  const { schema } = spec as { schema?: unknown };
  if (typeof schema !== "string" || schema.trim() === "")
    throw invalid(name, "needs a schema: SQL that makes its tables, or a model");
  const word = /^(begin|start|commit|rollback|abort|savepoint|release)\b/i;
  const ending = statementsOf(schema).find((statement) => word.test(statement));
  if (ending !== undefined)
    throw invalid(
      name,
      `has a schema with ${JSON.stringify(ending.slice(0, 40))}: it runs in a transaction, which it must not end`,
    );
  return schema;
}

/** SQL's statements without comments, texts and quoted names: what they begin with counts. */
function statementsOf(sql: string): string[] {
  return sql
    .replace(/--[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^']|'')*'|"(?:[^"]|"")*"|(\$\w*\$)[\s\S]*?\1/g, " ")
    .split(";")
    .map((statement) => statement.trim());
}

function checkModel<State>(
  name: string,
  { model, key = () => "", table = name.replaceAll("-", "_") }: ModelProjectionSpec<State>,
): NonNullable<Projection["model"]> {
  if (typeof model !== "object" || model === null || model.kind !== "model")
    throw invalid(name, "has a model that is not one of defineModel's");
  if (typeof key !== "function") throw invalid(name, "has a key that is no function");
  if (typeof table !== "string" || !/^[a-z_][a-z0-9_]{0,62}$/.test(table))
    throw invalid(name, `has table ${JSON.stringify(table)}: give 1 to 63 characters a-z, 0-9 and _`);
  return { model, key, table };
}

function checkDefinition(name: string, event: unknown): void {
  if (typeof event !== "function" || (event as { kind?: unknown }).kind !== "event")
    throw invalid(name, "handles what is not one of defineEvent's");
}

function invalid(name: string, problem: string): LedgerError {
  return new LedgerError("config-invalid", `projection ${JSON.stringify(name)} ${problem}`, {
    values: { projection: name },
  });
}
