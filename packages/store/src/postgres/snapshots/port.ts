import type { Bytes } from "@eventchain/core";
import type { NewEvent, StoredEvent } from "../../port.ts";

/** What of one of the ledger's own events is its writer's: the store composes the rest. The metadata has no `commandId`. */
export type SystemEvent = Pick<NewEvent, "id" | "salt" | "metaSalt" | "metadata">;

/** A state to be kept and committed to. */
export interface NewSnapshot {
  /** 1 to 500 bytes of UTF-8. */
  branch: string;
  /** The stream, or the name of the query or projection. */
  of: string;
  /** The state is that of the events up to here: 1 to the head. */
  position: bigint;
  /** Of the stream `of`, at `position`; undefined where it is not of a stream. */
  version: bigint | undefined;
  /** The version of the model. */
  schema: number;
  /** JCS text, at most 16 MiB. */
  state: string;
  /** 32 random bytes. */
  salt: Bytes;
  event: SystemEvent;
}

/** A snapshot as its row has it: worth nothing before it is held against `event`. */
export interface StoredSnapshot {
  branch: string;
  of: string;
  position: bigint;
  version: bigint | undefined;
  schema: number;
  state: string;
  salt: Bytes;
  /** Where its `$SnapshotTaken` event should stand. */
  eventPosition: bigint;
  takenAtMicros: bigint;
  /** The event that stands there; undefined where there is none. */
  event: StoredEvent | undefined;
}

/** Which snapshot is looked for: the newest of the branch and schema that is not past the bounds given. */
export interface SnapshotWanted {
  branch: string;
  schema: number;
  /** Inclusive. */
  upToPosition?: bigint;
  /** Inclusive. */
  upToVersion?: bigint;
}

/** `known`: the branch has one of this schema at this position already, which stays as it is. */
export interface SnapshotOutcome {
  outcome: "taken" | "known";
  eventPosition: bigint;
  /** 32 bytes: H(0x53 || salt || state). */
  stateHash: Bytes;
  takenAtMicros: bigint;
}

/** Snapshots of a ledger. Any call may throw a `LedgerError`: `database-unavailable`, `database-failed` … */
export interface SnapshotStore {
  /**
   * Event and row in one commit: the same again, whatever became of the first call, gives the first one.
   * Errors: LedgerError `ledger-not-found`, `ledger-halted`, `invalid-argument`, `invalid-name`, `invalid-json`, `too-large`.
   */
  take(ledgerId: bigint, snapshot: NewSnapshot): Promise<SnapshotOutcome>;
  /** For each that is wanted, in order, by one query. */
  find(ledgerId: bigint, wanted: readonly SnapshotWanted[]): Promise<(StoredSnapshot | undefined)[]>;
  /** All, or those of a branch, by branch (bytewise), position and schema, from past the key given; at most `limit`. */
  list(
    ledgerId: bigint,
    options: {
      branch?: string;
      after?: Pick<StoredSnapshot, "branch" | "position" | "schema">;
      limit: number;
    },
  ): Promise<StoredSnapshot[]>;
}
