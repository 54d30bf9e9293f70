import { LedgerError, utf8 } from "@eventchain/core";
import { checkKeys, within } from "../check-keys.ts";
import { checkContext } from "../commands/make-context.ts";
import type { Context } from "../commands/types.ts";
import type { AnyModel, Model } from "../models/types.ts";
import { MAX_MODEL_BYTES } from "./branches.ts";
import type { SnapshotDue, SnapshotRule, SnapshotSpec } from "./types.ts";

const SPEC_KEYS = ["every", "mode", "streams", "of", "branch"] as const;
const MAX_BRANCH_BYTES = 200;

/**
 * Says when snapshots of a model are taken: of its streams, each of which has a branch of its own, or of the events that
 * meet a query (`of`).
 * Errors: LedgerError `config-invalid`; `invalid-argument` for an unknown key.
 */
export function defineSnapshots<State>(model: Model<State>, spec: SnapshotSpec<State>): SnapshotRule {
  if (typeof model !== "object" || model === null || model.kind !== "model")
    throw new LedgerError("config-invalid", "snapshots are of a model, as defineModel makes it");
  checkKeys(spec, SPEC_KEYS, `snapshots of model ${JSON.stringify(model.name)}`);
  const { every, mode = "async", streams, of, branch } = spec;
  if (of === undefined && utf8(model.name).length > MAX_MODEL_BYTES)
    throw invalid(model, `need a name of the model of at most ${MAX_MODEL_BYTES} bytes of UTF-8`);
  checkDue(model, every);
  if (mode !== "sync" && mode !== "async")
    throw invalid(model, `have mode ${JSON.stringify(mode)}: give "sync" or "async"`);
  if (streams !== undefined && (typeof streams !== "string" || streams.startsWith("$")))
    throw invalid(model, "have `streams` that is not the beginning of names of streams");
  if (streams !== undefined && of !== undefined) throw invalid(model, "have both `streams` and `of`: give one of them");
  if (branch !== undefined && of === undefined)
    throw invalid(model, "have a branch, but no `of`: each stream has a branch of its own");
  return Object.freeze({
    kind: "snapshots" as const,
    name: `snapshots:${of === undefined ? model.name : checkBranch(model, branch ?? model.name)}`,
    model,
    every,
    mode,
    streams,
    of: of === undefined ? undefined : checkQuery(model, of),
    branch: of === undefined ? undefined : (branch ?? model.name),
  });
}

function checkDue<State>(model: AnyModel, every: SnapshotDue<State>): void {
  if (typeof every === "function") return;
  if (typeof every === "number") {
    if (Number.isSafeInteger(every) && every >= 1) return;
  } else if (typeof every === "object" && every !== null) {
    checkKeys(every, ["ms"], `\`every\` of the snapshots of model ${JSON.stringify(model.name)}`);
    if (Number.isSafeInteger(every.ms) && every.ms >= 1) return;
  }
  throw invalid(
    model,
    "need `every`: a number of events from 1, { ms } from 1, or a function of an event and the state after it",
  );
}

function checkQuery(model: AnyModel, of: Context): Context {
  const context = within(`snapshots of model ${JSON.stringify(model.name)}`, {}, () => checkContext(of));
  if (context.kind === "query") return context;
  throw invalid(model, "are `of` a stream: give a query, or `streams` for those that the names of streams begin with");
}

function checkBranch(model: AnyModel, branch: string): string {
  const length = typeof branch === "string" ? utf8(branch).length : 0;
  if (length >= 1 && length <= MAX_BRANCH_BYTES) return branch;
  throw invalid(model, `need a \`branch\` of 1 to ${MAX_BRANCH_BYTES} bytes of UTF-8`);
}

function invalid({ name }: AnyModel, problem: string): LedgerError {
  return new LedgerError("config-invalid", `snapshots of model ${JSON.stringify(name)} ${problem}`, {
    values: { model: name },
  });
}
