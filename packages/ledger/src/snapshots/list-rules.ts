import { LedgerError } from "@eventchain/core";
import { listDefinitions } from "../events/list-definitions.ts";
import type { Projection } from "../projections/types.ts";
import type { LedgerOptions } from "../types.ts";
import type { ModelProjection, ModelSnapshotRule, SnapshotRule } from "./types.ts";

/**
 * The rules that a ledger is opened with. Errors: LedgerError `config-invalid` where two have one name, and with it one branch
 * or one name of branches: a state of one could be taken for the other's.
 */
export function listRules({ snapshots }: Pick<LedgerOptions, "snapshots">): readonly SnapshotRule[] {
  const byName = new Map<string, SnapshotRule>();
  for (const rule of listDefinitions(snapshots, "snapshots", "snapshots")) {
    if ((byName.get(rule.name) ?? rule) !== rule)
      throw new LedgerError(
        "config-invalid",
        `two rules are called ${JSON.stringify(rule.name)}: a model has one of streams, a projection one; give those of queries a branch each`,
        { values: { handler: rule.name } },
      );
    byName.set(rule.name, rule);
  }
  return [...byName.values()];
}

export function isOfModel(rule: SnapshotRule): rule is ModelSnapshotRule {
  return rule.projection === undefined;
}

export function isModelProjection(projection: Projection): projection is ModelProjection {
  return projection.model !== undefined;
}
