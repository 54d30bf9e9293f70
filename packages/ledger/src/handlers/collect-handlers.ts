import { LedgerError } from "@eventchain/core";
import { listDefinitions } from "../events/list-definitions.ts";
import { listGivenProjections } from "../projections/list-given-projections.ts";
import type { Projection } from "../projections/types.ts";
import type { AnyReaction } from "../reactions/types.ts";
import type { SnapshotRule } from "../snapshots/types.ts";
import type { CustomerConfig, HandlerDefinitions } from "./types.ts";

/** The handlers of one ledger, each name once. */
export interface CollectedHandlers {
  readonly projections: readonly Projection[];
  readonly reactions: readonly AnyReaction[];
  readonly snapshots: readonly SnapshotRule[];
}

type Handler = Projection | AnyReaction | SnapshotRule;

/**
 * The handlers that a ledger has: the common ones, without those that its own config leaves out or has one of the same
 * name instead of, and its own.
 * Errors: LedgerError `config-invalid` where two handlers of one config have one name, for a list that holds anything else, for
 * a projection that handles no event, and where `without` names no common handler.
 */
export function collectHandlers(common: HandlerDefinitions, own: CustomerConfig = {}): CollectedHandlers {
  const handlers = byName(common);
  for (const name of own.without ?? []) {
    if (!handlers.delete(name))
      throw new LedgerError(
        "config-invalid",
        `\`without\` names ${JSON.stringify(name)}, which no common handler has`,
        {
          values: { handler: name, handlers: [...handlers.keys()] },
        },
      );
  }
  for (const [name, handler] of byName(own)) handlers.set(name, handler);
  const all = [...handlers.values()];
  return {
    projections: all.filter((handler) => handler.kind === "projection"),
    reactions: all.filter((handler) => handler.kind === "reaction"),
    snapshots: all.filter((handler) => handler.kind === "snapshots"),
  };
}

function byName(definitions: HandlerDefinitions): Map<string, Handler> {
  const handlers = new Map<string, Handler>();
  const given: Handler[] = [
    ...listGivenProjections(definitions.projections),
    ...listDefinitions(definitions.reactions, "reactions", "reaction"),
    ...listDefinitions(definitions.snapshots, "snapshots", "snapshots"),
  ];
  for (const handler of given) {
    const { name } = handler;
    // A module may export one thing under two names.
    if ((handlers.get(name) ?? handler) !== handler)
      throw new LedgerError(
        "config-invalid",
        `two handlers are called ${JSON.stringify(name)}: rename one, as a handler is switched and shown by its name`,
        { values: { handler: name } },
      );
    handlers.set(name, handler);
  }
  return handlers;
}
