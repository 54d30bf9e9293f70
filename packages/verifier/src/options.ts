import type { Chain, Finality } from "@eventchain/chain";
import type { Bytes, TrustRoot } from "@eventchain/core";
import type pg from "pg";

/** An event as a receipt from outside names it; every part that is given is compared. */
export interface OutsideReceipt {
  position: bigint;
  /** The event's hash, 32 bytes. */
  hash: Bytes;
  id?: string;
  stream?: string;
  version?: bigint;
  recordedAtMicros?: bigint;
}

export interface VerifyOptions {
  /** A pool of the caller's, which stays open, or a connection string. The role must be able to read every row. */
  database: pg.Pool | string;
  /** Origin. Default: the trust root's, else the database's only ledger. */
  ledger?: string | undefined;
  /** A node of the chain. Left out, and not `offline`: LedgerError "chain-unavailable". */
  chain?: Chain | undefined;
  /** Leaves the chain out; the report says so. Default false. */
  offline?: boolean | undefined;
  /** From outside the database. Default: keys and contract are the database's own, and the report says so. */
  trust?: TrustRoot | undefined;
  /** The contract's address, 0x and 40 hex digits, where there is no trust root to name it. Default: the database's. */
  contract?: string | undefined;
  /** The first position whose event is recomputed. The log and its anchors are checked from the start. Default 1. */
  from?: bigint | undefined;
  /** Receipts kept outside; see `parseReceipts`. */
  receipts?: readonly OutsideReceipt[] | undefined;
  /** Signed checkpoints kept outside, verbatim. */
  checkpoints?: readonly string[] | undefined;
  /** The head in the sealer's guard, where it is at hand: it tells a lost log (`restored`) from a head that is not ours (`foreign-anchor`). */
  guard?: { size: bigint; root: Bytes } | undefined;
  /** Whether each snapshot is compared with the event that commits to it. Default false. */
  snapshots?: boolean | undefined;
  /** When `anchored.final` is true. Default: the chain's own `finalized` tag. */
  finality?: Finality | undefined;
  /** How far an event's recorded time may lie past its anchor's block, beyond the block's second. Default 10,000 ms. */
  clockSkewMs?: number | undefined;
  /**
   * Threads that check events beside the one that reads them, 1 to 64; 1: that one does both. Default: one for each processor,
   * four at most, from 50,000 events on.
   */
  threads?: number | undefined;
  /** Called after each page of events: how many of how many were checked. */
  onProgress?: ((done: bigint, total: bigint) => void) | undefined;
  /** Aborting throws LedgerError "aborted" at the next page. */
  signal?: AbortSignal | undefined;
}
