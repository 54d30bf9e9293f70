import { checkName, LedgerError } from "@eventchain/core";
import { folder } from "../models/fold-events.ts";
import type { AnyModel } from "../models/types.ts";
import { type Branch, branchOfRule, branchOfStream } from "./branches.ts";
import { findStarts } from "./find-starts.ts";
import { type TakeDeps, takeSnapshot } from "./take-snapshot.ts";
import type { SnapshotTaken } from "./types.ts";

/**
 * Takes a snapshot of what a model makes of a stream, or of the query that its snapshots are of, as it is now.
 * Errors: LedgerError `not-found` where there is no event yet; `config-invalid` where no stream is named and the ledger has
 * no one rule of a query for the model; those of `takeSnapshot` and of the model.
 */
export async function snapshotNow(deps: TakeDeps, model: AnyModel, stream: string | undefined): Promise<SnapshotTaken> {
  if (typeof model !== "object" || model === null || model.kind !== "model")
    throw new LedgerError("invalid-argument", "snapshot takes a model, as defineModel makes it, and a stream's name");
  if (stream !== undefined) checkName("stream", stream, { system: true });
  const branch = stream === undefined ? queryBranch(deps, model) : branchOfStream(model, stream);
  const [start] = await findStarts(deps, [{ branch }]);
  const fold = folder(model);
  let state: unknown = start === undefined ? model.initial() : start.state;
  let { position, version } = start ?? { position: 0n, version: undefined };
  for await (const event of deps.store.readAll(deps.ledgerId, { query: branch.query, after: position })) {
    state = fold(state, event);
    position = event.position;
    if (stream !== undefined) version = event.version;
  }
  if (position === 0n)
    throw new LedgerError(
      "not-found",
      stream === undefined
        ? `branch ${JSON.stringify(branch.name)} has no event yet`
        : `stream ${JSON.stringify(stream)} has no event yet`,
      { values: { branch: branch.name } },
    );
  const { takenAtMicros: _, ...taken } = await takeSnapshot(deps, branch, { state, position, version });
  return taken;
}

function queryBranch({ rules }: Pick<TakeDeps, "rules">, model: AnyModel): Branch {
  const branches = rules.flatMap((rule) => (rule.model.name === model.name ? (branchOfRule(rule) ?? []) : []));
  const [branch] = branches;
  if (branch !== undefined && branches.length === 1) return { ...branch, model };
  const found = branches.length === 0 ? "none" : branches.map(({ name }) => JSON.stringify(name)).join(", ");
  throw new LedgerError(
    "config-invalid",
    `snapshot names no stream, and so needs one rule of a query for model ${JSON.stringify(model.name)}: the ledger has ${found}`,
    { values: { model: model.name } },
  );
}
