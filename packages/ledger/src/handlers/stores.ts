import {
  type HandlerStore,
  openPostgresHandlers,
  openPostgresProjections,
  openPostgresReactions,
  openPostgresTroubles,
  type PostgresStore,
  type ProjectionStore,
  type ReactionStore,
  type TroubleStore,
} from "@eventchain/store";

/** Where it stands how handlers are; a ledger in memory runs none, and has the switches only. */
export interface HandlerStores {
  readonly switches: HandlerStore;
  readonly projections: ProjectionStore | undefined;
  readonly reactions: Pick<ReactionStore, "status" | "tasks" | "retry" | "drop" | "survey" | "takeIn"> | undefined;
  readonly troubles: Pick<TroubleStore, "list"> | undefined;
}

/** Those of a migrated database. */
export function openHandlerStores(pool: PostgresStore["pool"]): HandlerStores & { projections: ProjectionStore } {
  return {
    switches: openPostgresHandlers(pool),
    projections: openPostgresProjections(pool),
    reactions: openPostgresReactions(pool),
    troubles: openPostgresTroubles(pool),
  };
}
