import type { AnyReaction, Ledger, Projection, SnapshotRule } from "@eventchain/ledger";
import type { PostgresStore } from "@eventchain/store";
import type { Logger } from "../run/logger.ts";

/** A ledger with the handlers that run on it, as one process has it. */
export interface AppLedger {
  readonly ledgerId: bigint;
  readonly origin: string;
  /** Opened with the config's events and commands. */
  readonly ledger: Ledger;
  readonly store: PostgresStore;
  /** Those of the config, and of the ledger's own module, each name once. */
  readonly projections: readonly Projection[];
  readonly reactions: readonly AnyReaction[];
  readonly snapshots: readonly SnapshotRule[];
  /** Whether a handler is switched on: as read when the round began. */
  isOn(handler: string): boolean;
}

/** What a stage works with beside the ledger. */
export interface StageDeps {
  readonly logger: Logger;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly clock: () => bigint;
  /** Aborted once the workers stop: the batch at hand is the last. */
  readonly signal: AbortSignal;
}

/** What one round of a stage found. */
export interface StageReport {
  /** There is more to do at once. */
  readonly more: boolean;
  /** When to look again though nothing is appended: milliseconds since 1970-01-01 UTC. Default: at the next tick. */
  readonly nextAtMs?: bigint | undefined;
}

/** One round of a stage on one ledger. One handler's trouble is logged and hinders no other; only the database's is thrown. */
export type AppStage = (app: AppLedger, deps: StageDeps) => Promise<StageReport>;

/** The stages that an app's handlers run in. */
export type AppRole = "project" | "react" | "snapshot";
