import { type Bytes, LedgerError } from "@eventchain/core";

/** The last event that a reader has handled. */
export interface StoredCursor {
  position: bigint;
  /** 32 bytes. */
  hash: Bytes;
}

/** One step of a named checkpoint. */
export interface CheckpointMove {
  /** Where the reader knows it to stand; undefined: there was none. */
  from: StoredCursor | undefined;
  /** Further on than `from`. */
  to: StoredCursor;
  /** 16 bytes, of one run of a reader: a move of its own, whose answer was lost, is no conflict for it. */
  reader: Bytes;
}

/**
 * `conflict`: it stands elsewhere than the reader knows, so that somebody else has moved it. `forked`: the event to move to
 * is not, or no longer, one of the ledger's.
 */
export type MoveOutcome = "moved" | "conflict" | "forked";

/** Where named subscriptions stand. Names: 1 to 200 bytes of UTF-8. Any call may throw a `LedgerError` of the database. */
export interface CheckpointStore {
  find(ledgerId: bigint, name: string): Promise<StoredCursor | undefined>;
  /** Moves a checkpoint forward, in one commit. Errors: LedgerError `invalid-name`. */
  move(ledgerId: bigint, name: string, step: CheckpointMove): Promise<MoveOutcome>;
}

/** The most bytes that a checkpoint's name has. */
const MAX_CHECKPOINT_NAME_BYTES = 200;

/** Errors: LedgerError `invalid-name`. */
export function checkCheckpointName(name: unknown): asserts name is string {
  const bytes = typeof name === "string" ? new TextEncoder().encode(name).length : 0;
  if (typeof name === "string" && name.isWellFormed() && !name.includes("\0") && bytes >= 1) {
    if (bytes <= MAX_CHECKPOINT_NAME_BYTES) return;
  }
  throw new LedgerError(
    "invalid-name",
    `a checkpoint's name is text of 1 to ${MAX_CHECKPOINT_NAME_BYTES} bytes of UTF-8 without U+0000`,
    { values: { name } },
  );
}
