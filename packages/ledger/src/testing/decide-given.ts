import { LedgerError } from "@eventchain/core";
import { matchesQuery } from "@eventchain/store";
import { contextQuery, onlyStream } from "../commands/context-query.ts";
import { ask, decideCommand, denyIssuing, failed } from "../commands/decide-command.ts";
import { type Execution, startExecution } from "../commands/start-execution.ts";
import type { Actor, AnyCommand, Context } from "../commands/types.ts";
import type { DomainEvent } from "../events/types.ts";
import { folder } from "../models/fold-events.ts";
import type { AnyModel } from "../models/types.ts";
import type { JsonObject, LedgerEvent } from "../types.ts";

/** 2026-01-01T00:00:00Z: the time of a test that says none. */
export const DEFAULT_NOW_MS = 1_767_225_600_000n;

/** Where an event stands whose command asks by queries alone, and so does not look at streams. */
const ANY_STREAM = "given";

const times = new WeakMap<DomainEvent, bigint>();

/**
 * A given event that was recorded at another time than the decision's.
 * @param recordedMs milliseconds since 1970-01-01 UTC.
 */
export function at<Event extends DomainEvent>(recordedMs: bigint, event: Event): Event {
  const dated = Object.freeze({ ...event });
  times.set(dated, recordedMs);
  return dated;
}

/** What is decided, as plain values. */
export type GivenOutcome =
  | { readonly status: "recorded"; readonly events: readonly (DomainEvent & { readonly stream: string })[] }
  | { readonly status: "rejected"; readonly code: string; readonly reason: string };

/**
 * Decides a command on events that are given, as `execute` would on a ledger that holds just these, in this order.
 * Errors: as `execute` throws them.
 */
export function decideGiven(
  events: readonly DomainEvent[],
  command: AnyCommand,
  input: unknown,
  { actor, nowMs }: { actor: Actor | string; nowMs: bigint },
): GivenOutcome {
  const execution = startExecution(command, input, { actor }, { required: [], newId: () => "given" });
  const denied = denyIssuing(execution);
  if (denied?.kind === "rejected") return { status: "rejected", code: denied.code, reason: denied.reason };
  const contexts = ask(command.name, "context", () => command.context(execution.input, execution.actor));
  const stream = onlyStream(contexts);
  const stored = events.map((event, index) => storedEvent(event, index, contexts, stream, nowMs));
  const decided = decideCommand(execution, foldContexts(command, contexts, stored), nowMs);
  if (decided.kind === "rejected") return { status: "rejected", code: decided.code, reason: decided.reason };
  return { status: "recorded", events: decided.events.map((event) => placed(execution, event, stream)) };
}

function storedEvent(
  event: DomainEvent,
  index: number,
  contexts: ReadonlyMap<string, Context>,
  stream: string | undefined,
  nowMs: bigint,
): LedgerEvent {
  const where = event.stream ?? stream;
  if (where === undefined && [...contexts.values()].some(({ kind }) => kind === "stream"))
    throw new LedgerError(
      "invalid-argument",
      `given event ${index + 1}, ${event.type}, has no stream, and the command looks at several contexts: give it one by the option stream`,
      { values: { event: index, type: event.type } },
    );
  return {
    position: BigInt(index + 1),
    stream: where ?? ANY_STREAM,
    version: BigInt(index + 1),
    id: `given-${index + 1}`,
    type: event.type,
    schema: event.schema,
    tags: event.tags,
    recordedAtMicros: (times.get(event) ?? nowMs) * 1000n,
    data: event.data as JsonObject,
    metadata: event.metadata ?? {},
    hash: "",
  };
}

function foldContexts(
  { models }: AnyCommand,
  contexts: ReadonlyMap<string, Context>,
  events: readonly LedgerEvent[],
): ReadonlyMap<string, unknown> {
  return new Map(
    [...models].map(([name, model]) => {
      const context = contexts.get(name);
      return [name, context === undefined ? model.initial() : foldContext(model, context, events)];
    }),
  );
}

function foldContext(model: AnyModel, context: Context, events: readonly LedgerEvent[]): unknown {
  const query = contextQuery(context, model);
  const met = events.filter((event) => matchesQuery(query, event));
  return met.reduce(folder(model), model.initial());
}

function placed(
  { command }: Execution,
  event: DomainEvent,
  contextStream: string | undefined,
): DomainEvent & { readonly stream: string } {
  const stream = event.stream ?? contextStream;
  if (stream === undefined) throw failed(command.name, `${event.type} has no stream to go to`);
  return { ...event, stream };
}
