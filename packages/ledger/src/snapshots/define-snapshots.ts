import { LedgerError, utf8 } from "@eventchain/core";
import { checkKeys, within } from "../check-keys.ts";
import { checkContext } from "../commands/make-context.ts";
import type { Context } from "../commands/types.ts";
import type { AnyModel, Model } from "../models/types.ts";
import type { Projection } from "../projections/types.ts";
import { MAX_MODEL_BYTES } from "./branches.ts";
import { isModelProjection } from "./list-rules.ts";
import { branchOfProjection } from "./snapshot-projection.ts";
import type { ProjectionSnapshotSpec, SnapshotRule, SnapshotSpec } from "./types.ts";

const SPEC_KEYS = ["every", "mode", "streams", "of", "branch"] as const;
const PROJECTION_KEYS = ["every", "mode"] as const;
const MAX_BRANCH_BYTES = 200;

/**
 * Says when snapshots are taken: of a model's streams, each of which has a branch of its own; of the events that meet a
 * query (`of`); or of the rows of a projection that is a model.
 * Errors: LedgerError `config-invalid`; `invalid-argument` for an unknown key.
 */
export function defineSnapshots<State>(model: Model<State>, spec: SnapshotSpec<State>): SnapshotRule;
export function defineSnapshots(projection: Projection, spec: ProjectionSnapshotSpec): SnapshotRule;
export function defineSnapshots(
  source: AnyModel | Projection,
  // biome-ignore lint/suspicious/noExplicitAny: the state is the model's
  spec: SnapshotSpec<any> | ProjectionSnapshotSpec,
): SnapshotRule {
  if (typeof source === "object" && source !== null) {
    if (source.kind === "model") return ofModel(source, spec);
    if (source.kind === "projection") return ofProjection(source, spec as ProjectionSnapshotSpec);
  }
  throw new LedgerError(
    "config-invalid",
    "snapshots are of a model, as defineModel makes it, or of a projection, as defineProjection does",
  );
}

// biome-ignore lint/suspicious/noExplicitAny: the state is the model's
function ofModel(model: AnyModel, spec: SnapshotSpec<any>): SnapshotRule {
  checkKeys(spec, SPEC_KEYS, `snapshots of model ${JSON.stringify(model.name)}`);
  const { every, mode = "async", streams, of, branch } = spec;
  if (of === undefined && utf8(model.name).length > MAX_MODEL_BYTES)
    throw invalid(model, `need a name of the model of at most ${MAX_MODEL_BYTES} bytes of UTF-8`);
  if (typeof every !== "function" && !isDue(model, every))
    throw invalid(
      model,
      "need `every`: a number of events from 1, { ms } from 1, or a function of an event and the state after it",
    );
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
    projection: undefined,
    every,
    mode,
    streams,
    of: of === undefined ? undefined : checkQuery(model, of),
    branch: of === undefined ? undefined : (branch ?? model.name),
  });
}

function ofProjection(projection: Projection, spec: ProjectionSnapshotSpec): SnapshotRule {
  checkKeys(spec, PROJECTION_KEYS, `snapshots of projection ${JSON.stringify(projection.name)}`);
  if (!isModelProjection(projection))
    throw invalid(
      projection,
      "cannot be taken: its tables are its own SQL's, and a snapshot is of a projection that is a model",
    );
  const { every, mode = "async" }: { every: unknown; mode?: unknown } = spec;
  if (typeof every === "function")
    throw invalid(
      projection,
      "have a function as `every`, which sees one state, not rows: give a number of events, or { ms }",
    );
  if (!isDue(projection, every)) throw invalid(projection, "need `every`: a number of events from 1, or { ms } from 1");
  if (mode !== "async")
    throw invalid(
      projection,
      `have mode ${JSON.stringify(mode)}: a worker takes them, so leave it out, or give "async"`,
    );
  const name = `snapshots:${branchOfProjection(projection.name)}`;
  return Object.freeze({ kind: "snapshots" as const, name, model: undefined, projection, every, mode });
}

function isDue(of: AnyModel | Projection, every: unknown): every is number | { readonly ms: number } {
  if (typeof every === "number") return Number.isSafeInteger(every) && every >= 1;
  if (typeof every !== "object" || every === null) return false;
  checkKeys(every, ["ms"], `\`every\` of the snapshots of ${of.kind} ${JSON.stringify(of.name)}`);
  const { ms } = every as { ms?: unknown };
  return Number.isSafeInteger(ms) && (ms as number) >= 1;
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

function invalid({ kind, name }: AnyModel | Projection, problem: string): LedgerError {
  return new LedgerError("config-invalid", `snapshots of ${kind} ${JSON.stringify(name)} ${problem}`, {
    values: { [kind]: name },
  });
}
