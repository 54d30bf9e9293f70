import { type AppendRequest, type EventQuery, type EventStore, matchesQuery, type NewEvent } from "@eventchain/store";
import { folder } from "../models/fold-events.ts";
import type { AnyModel } from "../models/types.ts";
import { type Branch, branchOfContext, coversStream } from "../snapshots/branches.ts";
import { findStarts } from "../snapshots/find-starts.ts";
import type { SnapshotUse } from "../snapshots/use.ts";
import type { JsonObject } from "../types.ts";
import { contextQuery } from "./context-query.ts";
import type { KeptStates } from "./kept-states.ts";
import type { AnyCommand, Context } from "./types.ts";

/** What one model makes of one context, while a batch is decided. */
export interface ModelView {
  /** The same for the same ledger, query and model. */
  readonly key: string;
  readonly query: Exclude<EventQuery, "all">;
  readonly model: AnyModel;
  /** Where snapshots of it hang, and how they are found; undefined: no rule takes any. */
  readonly snapshots: { readonly use: SnapshotUse; readonly branch: Branch } | undefined;
  state: unknown;
  /** What the state is of, decided events apart. */
  position: bigint;
  /** What the model or an upcaster threw: whoever is decided on this view fails with it. */
  failure: { readonly error: unknown } | undefined;
  /** Decided events that are not recorded yet are part of the state. */
  ahead: boolean;
  /** The model has asked such an event when it was recorded, which nobody knows yet: the state is not to be kept. */
  guessed: boolean;
}

const modelIds = new WeakMap<AnyModel, number>();
let models = 0;

function modelId(model: AnyModel): number {
  const known = modelIds.get(model);
  if (known !== undefined) return known;
  models += 1;
  modelIds.set(model, models);
  return models;
}

/** A command's views, not read yet, by the models' names. */
export function viewsOf(
  ledgerId: bigint,
  command: AnyCommand,
  contexts: ReadonlyMap<string, Context>,
  use?: SnapshotUse,
): ReadonlyMap<string, ModelView> {
  const views = new Map<string, ModelView>();
  for (const [name, model] of command.models) {
    const context = contexts.get(name);
    if (context === undefined) throw new Error("each model has a context");
    const query = contextQuery(context, model);
    const key = `${ledgerId} ${modelId(model)} ${JSON.stringify(query)}`;
    const branch = use && branchOfView(use, model, context);
    const snapshots = use && branch && { use, branch };
    views.set(name, {
      key,
      query,
      model,
      snapshots,
      state: undefined,
      position: 0n,
      failure: undefined,
      ahead: false,
      guessed: false,
    });
  }
  return views;
}

/** Only what a rule takes snapshots of is asked for: every other command keeps its one round trip. */
function branchOfView({ rules }: SnapshotUse, model: AnyModel, context: Context): Branch | undefined {
  if (context.kind === "stream" && !rules.some((rule) => coversStream(rule, model, context.stream))) return undefined;
  return rules.length === 0 ? undefined : branchOfContext(rules, model, context);
}

/**
 * Reads views as of one position, which is returned. Each starts from what is kept of it, and so reads only what came since.
 * Errors: those of `EventStore.look`. What a model throws is its view's `failure`.
 */
export async function readViews(
  store: Pick<EventStore, "look">,
  ledgerId: bigint,
  views: readonly ModelView[],
  kept: KeptStates,
  options: { readonly snapshots: boolean } = { snapshots: true },
): Promise<bigint> {
  const starts = await startsOf(views, kept, options.snapshots);
  const look = await store.look(
    ledgerId,
    views.map(({ query }, index) => ({ query, after: starts[index]?.position ?? 0n })),
  );
  // A database that was put back to an earlier day has lost what these states are made of. They are taken, so the next
  // look starts without them.
  if (starts.some((start) => start.position > look.position))
    return readViews(store, ledgerId, views, kept, { snapshots: false });
  for (const [index, view] of views.entries()) {
    const [start, events] = [starts[index], look.contexts[index]];
    if (start === undefined || events === undefined) throw new Error("a look has each context that was asked for");
    const fold = folder(view.model);
    let state: unknown;
    attempt(view, () => {
      state = start.state();
    });
    // Read to its end whatever the model says: the store may hold something open until then.
    for await (const event of events) {
      if (view.failure !== undefined) continue;
      attempt(view, () => {
        state = fold(state, event);
      });
    }
    view.state = state;
    view.position = look.position;
  }
  return look.position;
}

/**
 * Where each view starts from: a state, and the position that it is of. What is not kept in memory starts from its newest
 * snapshot, where a rule takes some: one query for all of these, and none where there are none.
 */
async function startsOf(
  views: readonly ModelView[],
  kept: KeptStates,
  bySnapshots: boolean,
): Promise<readonly { position: bigint; state: () => unknown }[]> {
  const found = views.map(({ key }): { position: bigint; state: unknown } | undefined => kept.take(key));
  const cold = views.flatMap(({ snapshots }, index) =>
    bySnapshots && snapshots !== undefined && found[index] === undefined ? [{ ...snapshots, index }] : [],
  );
  const [first] = cold;
  if (first !== undefined) {
    const starts = await findStarts(first.use, cold);
    for (const [at, { index }] of cold.entries()) found[index] = starts[at];
  }
  return views.map(({ model }, index) => {
    const start = found[index];
    return start === undefined
      ? { position: 0n, state: model.initial }
      : { position: start.position, state: () => start.state };
  });
}

function attempt(view: ModelView, run: () => void): void {
  try {
    run();
  } catch (error) {
    view.failure = { error };
  }
}

/** Puts a decided event on top of each view whose query it meets. `nowMs`: by the host's clock. */
export function applyDecided(views: Iterable<ModelView>, events: AppendRequest["events"], nowMs: bigint): void {
  for (const view of views) {
    for (const event of events) {
      if (view.failure !== undefined || !matchesQuery(view.query, event)) continue;
      view.ahead = true;
      attempt(view, () => applyOne(view, event, nowMs));
    }
  }
}

function applyOne(view: ModelView, event: NewEvent, nowMs: bigint): void {
  const { type, id, schema, stream, tags } = event;
  const stored = JSON.parse(event.data) as JsonObject;
  const definition = view.model.events.find((each) => each.type === type);
  const data = definition === undefined ? stored : definition.read({ type, schema, data: stored, position: 0n });
  view.state = view.model.apply(view.state, {
    type,
    id,
    data,
    stream,
    tags,
    metadata: JSON.parse(event.metadata) as JsonObject,
    get recordedAtMicros() {
      view.guessed = true;
      return nowMs * 1000n;
    },
  });
}
