import type { Bytes } from "@eventchain/core";
import type { AppendRequest, QueryItem } from "@eventchain/store";
import { makerOf } from "../events/define-event.ts";
import type { AnyEventDefinition } from "../events/types.ts";
import { type Decided, decideCommand } from "./decide-command.ts";
import { applyDecided, type ModelView } from "./model-views.ts";
import { prepareRequest } from "./prepare-request.ts";
import type { CommandJob } from "./run-batch.ts";

/** A job, and what it is to send; or the error of its decision. */
export interface Entry<Job extends CommandJob> {
  readonly job: Job;
  readonly request: AppendRequest | undefined;
  readonly error: unknown;
  /** The definitions of its events. */
  readonly used: ReadonlySet<AnyEventDefinition>;
}

/** A chain is cut before it passes either bound, so that it fits into one call of the store. */
const MAX_CHAIN_EVENTS = 512;
const MAX_CHAIN_LENGTH = 2 * 1024 * 1024;

/**
 * Decides jobs in their order, each on top of the events of those before it. `rest`: those that had no room.
 * @param position of the look that the views are of.
 */
export function decideBatch<Job extends CommandJob>(
  { clock, random }: { clock: () => bigint; random: (length: number) => Bytes },
  jobs: readonly Job[],
  views: ReadonlyMap<string, ModelView>,
  position: bigint,
): { entries: readonly Entry<Job>[]; rest: readonly Job[] } {
  const entries: Entry<Job>[] = [];
  let events = 0;
  let length = 0;
  for (const [index, job] of jobs.entries()) {
    const nowMs = clock();
    const entry = decideOne(job, views, position, { nowMs, random });
    const added = entry.request?.events ?? [];
    events += added.length;
    length += added.reduce((sum, { data, metadata }) => sum + data.length + metadata.length, 0);
    if (index > 0 && (events > MAX_CHAIN_EVENTS || length > MAX_CHAIN_LENGTH))
      return { entries, rest: jobs.slice(index) };
    entries.push(entry);
    applyDecided(views.values(), added, nowMs);
  }
  return { entries, rest: [] };
}

function decideOne<Job extends CommandJob>(
  job: Job,
  views: ReadonlyMap<string, ModelView>,
  position: bigint,
  drawing: { nowMs: bigint; random: (length: number) => Bytes },
): Entry<Job> {
  const { execution, stream, recordRejections } = job;
  try {
    const states = new Map<string, unknown>();
    for (const [name, { key }] of job.views) {
      const view = views.get(key);
      if (view === undefined) throw new Error("each view of a batch was read");
      if (view.failure !== undefined) throw view.failure.error;
      states.set(name, view.state);
    }
    const decided = decideCommand(execution, states, drawing.nowMs);
    const ground = { stream, items: unionItems(job.views.values()), after: position };
    const request = prepareRequest(execution, decided, ground, drawing, recordRejections);
    return { job, request, error: undefined, used: definitionsOf(decided) };
  } catch (error) {
    return { job, request: undefined, error, used: new Set() };
  }
}

/** Each item of the views once. */
function unionItems(views: Iterable<ModelView>): readonly QueryItem[] {
  const items = new Map<string, QueryItem>();
  for (const { query } of views) for (const item of query) items.set(JSON.stringify(item), item);
  return [...items.values()];
}

function definitionsOf(decided: Decided): ReadonlySet<AnyEventDefinition> {
  const events = decided.kind === "events" ? decided.events : [];
  return new Set(events.flatMap((event) => makerOf(event) ?? []));
}
