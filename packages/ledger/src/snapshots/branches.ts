import { bytesToHex, LedgerError, sha256, utf8 } from "@eventchain/core";
import type { QueryItem } from "@eventchain/store";
import { contextQuery } from "../commands/context-query.ts";
import type { Context } from "../commands/types.ts";
import type { AnyModel } from "../models/types.ts";
import type { ModelSnapshotRule } from "./types.ts";

/** A chain of snapshots, and what its states are made of. */
export interface Branch {
  readonly name: string;
  /** The stream, or the branch's own name. */
  readonly of: string;
  /** Undefined: it is of a query. */
  readonly stream: string | undefined;
  readonly model: AnyModel;
  readonly query: readonly QueryItem[];
}

/** With `$snapshot/` before it a stream's name, of 512 bytes at most. */
const MAX_BRANCH_BYTES = 500;

/** The longest name, in bytes, of a model that snapshots can be of: with `/sha256:` and 64 digits it is a branch's. */
export const MAX_MODEL_BYTES: number = MAX_BRANCH_BYTES - "/sha256:".length - 64;

/** The branch of a model's states of one stream. A long name is cut to its hash. Errors: LedgerError `invalid-name`. */
export function branchOfStream(model: AnyModel, stream: string): Branch {
  const branch = findStreamBranch(model, stream);
  if (branch !== undefined) return branch;
  throw new LedgerError(
    "invalid-name",
    `model ${JSON.stringify(model.name.slice(0, 80))} has too long a name for snapshots: give it one of at most ${MAX_MODEL_BYTES} bytes`,
    { values: { model: model.name } },
  );
}

/** Undefined: the model's name is too long for a branch, so that there can be no snapshot. */
function findStreamBranch(model: AnyModel, stream: string): Branch | undefined {
  if (utf8(model.name).length > MAX_MODEL_BYTES) return undefined;
  const plain = `${model.name}/${stream}`;
  const name =
    utf8(plain).length <= MAX_BRANCH_BYTES ? plain : `${model.name}/sha256:${bytesToHex(sha256(utf8(stream)))}`;
  return { name, of: stream, stream, model, query: [{ streams: [stream] }] };
}

/** The branch of a rule's query; undefined where it is of streams. */
export function branchOfRule({ model, of, branch }: ModelSnapshotRule): Branch | undefined {
  if (of === undefined || branch === undefined) return undefined;
  return { name: branch, of: branch, stream: undefined, model, query: contextQuery(of, model) };
}

/** The branch that a model's states of a context hang from: the stream's, or that of a rule of exactly this query. */
export function branchOfContext(
  rules: readonly ModelSnapshotRule[],
  model: AnyModel,
  context: Context,
): Branch | undefined {
  if (context.kind === "stream") return findStreamBranch(model, context.stream);
  const query = JSON.stringify(contextQuery(context, model));
  for (const rule of rules) {
    const branch = isOf(rule, model) ? branchOfRule(rule) : undefined;
    if (branch !== undefined && JSON.stringify(branch.query) === query) return branch;
  }
  return undefined;
}

/** Whether a rule is about the streams of a model that a name is one of. */
export function coversStream(rule: ModelSnapshotRule, model: AnyModel, stream: string): boolean {
  return isOf(rule, model) && rule.of === undefined && stream.startsWith(rule.streams ?? "") && !stream.startsWith("$");
}

/** A model is told by its name and version: what is kept of one may be used by the other. */
function isOf({ model: { name, version } }: ModelSnapshotRule, model: AnyModel): boolean {
  return name === model.name && version === model.version;
}
