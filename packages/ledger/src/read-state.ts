import { checkName, LedgerError } from "@eventchain/core";
import { checkKeys, within } from "./check-keys.ts";
import { contextQuery } from "./commands/context-query.ts";
import { checkContext } from "./commands/make-context.ts";
import type { Context } from "./commands/types.ts";
import { foldEvents } from "./models/fold-events.ts";
import type { AnyModel, Model } from "./models/types.ts";
import { diffStates } from "./snapshots/diff-states.ts";
import { readStateAt, type StateDeps, startFor } from "./snapshots/read-state-at.ts";
import type { At, StateAt, StateDiff, StateOptions } from "./snapshots/types.ts";

const STATE_KEYS = ["at", "snapshots"] as const;

/**
 * A model's state over the events of a context that may be seen: as of some position that was the head while it was read,
 * or at a point in time.
 * @param context a text names a stream.
 * Errors: LedgerError `invalid-argument`, `invalid-name`, `not-found`, `upcast-failed`, `unknown-event`, `decision-failed` of a
 *   model's handler.
 */
export async function readState<State>(
  deps: StateDeps,
  model: Model<State>,
  context: string | Context,
  options: StateOptions = {},
): Promise<State> {
  const where = check("state", model, context, options);
  if (options.at !== undefined) return (await readStateAt(deps, model, where, options)).state;
  const start = options.snapshots === false ? undefined : await startFor(deps, model, where, {});
  const first = start === undefined ? model.initial() : (start.state as State);
  const { store, ledgerId, scope } = deps;
  if (where.kind === "stream")
    return foldEvents(model, first, store.readStream(ledgerId, where.stream, { ...past(start?.version), ...scope }));
  const query = contextQuery(where, model);
  return foldEvents(model, first, store.readAll(ledgerId, { query, ...past(start?.position), ...scope }));
}

/** As `readState`, with what it is the state of. */
export async function stateAtPoint<State>(
  deps: StateDeps,
  model: Model<State>,
  context: string | Context,
  options: StateOptions = {},
): Promise<StateAt<State>> {
  return readStateAt(deps, model, check("stateAt", model, context, options), options);
}

/** What a model's states at two points differ in. Errors: as `readState`. */
export async function diffPoints<State>(
  deps: StateDeps,
  model: Model<State>,
  context: string | Context,
  options: { readonly from: At; readonly to?: At | undefined; readonly snapshots?: boolean | undefined },
): Promise<StateDiff<State>> {
  checkKeys(options, ["from", "to", "snapshots"], "diff options");
  const { from: first, to: second, snapshots } = options;
  if (first === undefined) throw new LedgerError("invalid-argument", "diff needs `from`: where in time it begins");
  const where = check("diff", model, context, { snapshots });
  const to = await readStateAt(deps, model, where, { at: second, snapshots });
  const from = await readStateAt(deps, model, where, { at: first, snapshots });
  return { from, to, changes: diffStates(from.state, to.state) };
}

function past(after: bigint | undefined): { after?: bigint } {
  return after === undefined ? {} : { after };
}

function check(verb: string, model: AnyModel, context: string | Context, options: StateOptions): Context {
  if (typeof model !== "object" || model === null || model.kind !== "model")
    throw new LedgerError(
      "invalid-argument",
      `${verb} takes a model, as defineModel makes it, and where its events are`,
    );
  checkKeys(options, STATE_KEYS, `${verb} options`);
  const { snapshots } = options;
  if (snapshots !== undefined && typeof snapshots !== "boolean")
    throw new LedgerError("invalid-argument", `snapshots of ${verb} is neither true nor false`);
  if (typeof context !== "string")
    return within(`${verb} takes a stream's name or a context`, {}, () => checkContext(context, { system: true }));
  checkName("stream", context, { system: true });
  return { kind: "stream", stream: context };
}
