import type { Bytes } from "@eventchain/core";
import type { AppendCondition, AppendRequest, QueryItem } from "@eventchain/store";
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

/** Jobs that are decided one on top of the other, to be sent as one chain. */
export interface Draft<Job extends CommandJob> {
  readonly entries: readonly Entry<Job>[];
  /** The keys of the views whose events since the ground are in the way of the chain. */
  readonly covered: ReadonlySet<string>;
  /** Decides a job on top of those before it. False where there is no room for it: nothing has changed. */
  add(job: Job): boolean;
  /**
   * As `add`, before it is known what became of the chain that this one is decided on top of. False also for what the
   * chain's condition would not tell to be outdated: a rejection that no decision with events on the same views stands
   * before. It is to be decided on a look of its own, as is what has failed.
   */
  addAhead(job: Job): boolean;
  /** Sets the position that the conditions look from: nothing is sent before. */
  setGround(position: bigint): void;
}

export interface DraftDeps {
  clock: () => bigint;
  random: (length: number) => Bytes;
}

/** A chain is cut before it passes any of these bounds, so that it fits into one call of the store. */
const MAX_CHAIN_EVENTS = 512;
const MAX_CHAIN_REQUESTS = 512;
const MAX_CHAIN_LENGTH = 2 * 1024 * 1024;

/**
 * An empty chain on views, which it moves on.
 * @param views of each key that a job has.
 */
export function draftChain<Job extends CommandJob>(
  { clock, random }: DraftDeps,
  views: ReadonlyMap<string, ModelView>,
): Draft<Job> {
  const entries: Entry<Job>[] = [];
  const covered = new Set<string>();
  const conditions = new Map<string, AppendCondition | undefined>();
  let events = 0;
  let length = 0;

  /** One for all that are decided on the same views: the store need not check it for each of them. */
  function conditionOf(job: Job): AppendCondition | undefined {
    const keys = keysOf(job).join("\n");
    if (conditions.has(keys)) return conditions.get(keys);
    const items = unionItems(job.views.values());
    const condition = items.length === 0 ? undefined : { failIfEventsMatch: items };
    conditions.set(keys, condition);
    return condition;
  }

  function decide(job: Job, nowMs: bigint): Entry<Job> {
    try {
      const decided = decideCommand(job.execution, statesOf(job, views), nowMs);
      const ground = { stream: job.stream, condition: conditionOf(job) };
      const request = prepareRequest(job.execution, decided, ground, { nowMs, random }, job.recordRejections);
      return { job, request, error: undefined, used: definitionsOf(decided) };
    } catch (error) {
      return { job, request: undefined, error, used: new Set() };
    }
  }

  function add(job: Job, mayStand: (entry: Entry<Job>) => boolean): boolean {
    const nowMs = clock();
    const entry = decide(job, nowMs);
    const added = entry.request?.events ?? [];
    const addedLength = added.reduce((sum, { data, metadata }) => sum + data.length + metadata.length, 0);
    const fits = events + added.length <= MAX_CHAIN_EVENTS && length + addedLength <= MAX_CHAIN_LENGTH;
    if ((entries.length > 0 && !fits) || entries.length >= MAX_CHAIN_REQUESTS || !mayStand(entry)) return false;
    events += added.length;
    length += addedLength;
    entries.push(entry);
    if (added.length > 0) for (const key of keysOf(job)) covered.add(key);
    applyDecided(views.values(), added, nowMs);
    return true;
  }

  return {
    entries,
    covered,
    add: (job) => add(job, () => true),
    addAhead: (job) =>
      add(job, ({ request }) => {
        if (request === undefined) return false;
        return request.events.length > 0 || keysOf(job).every((key) => covered.has(key));
      }),
    setGround(position) {
      for (const condition of conditions.values()) if (condition !== undefined) condition.after = position;
    },
  };
}

/** The keys of a job's views. */
export function keysOf({ views }: CommandJob): string[] {
  return Array.from(views.values(), ({ key }) => key);
}

/** By model name. Errors: what has failed in a view. */
function statesOf(job: CommandJob, views: ReadonlyMap<string, ModelView>): Map<string, unknown> {
  const states = new Map<string, unknown>();
  for (const [name, { key }] of job.views) {
    const view = views.get(key);
    if (view === undefined) throw new Error("each view of a batch was read");
    if (view.failure !== undefined) throw view.failure.error;
    states.set(name, view.state);
  }
  return states;
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
