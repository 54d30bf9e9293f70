import type { Bytes } from "@eventchain/core";

/** A head that a sealer has signed, or is about to sign. */
export interface GuardHead {
  size: bigint;
  /** 32 bytes. */
  root: Bytes;
}

/**
 * A sealer's memory of what it signed last, kept where it is not restored together with the ledger's database: a
 * restored backup, a replica that lost commits or a staging copy would else sign a second, inconsistent head in good
 * faith. One entry for each origin line. It is written before the seal's transaction commits.
 */
export interface Guard {
  /** Undefined where nothing was signed under this origin line. LedgerError `guard-mismatch`: there is an entry, but it is unreadable. */
  read(origin: string): Promise<GuardHead | undefined>;
  /**
   * Durable when it resolves. `previous` is what `read` said: should the entry be another one by now, somebody else
   * seals under the same name, and nothing is written: LedgerError `guard-mismatch`, retryable.
   */
  write(origin: string, next: GuardHead, previous: GuardHead | undefined): Promise<void>;
  close(): Promise<void>;
}
