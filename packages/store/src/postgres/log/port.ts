import type { Bytes, TileId, TileReader } from "@eventchain/core";
import type { LedgerRecord } from "../../port.ts";
import type { EventRows } from "./event-rows.ts";

/** A signed checkpoint of a ledger's log. */
export interface StoredCheckpoint {
  epoch: bigint;
  /** ≥ 1. */
  size: bigint;
  /** 32 bytes. */
  root: Bytes;
  /** The signed note, verbatim. */
  note: string;
  /** Milliseconds since 1970-01-01 UTC, by the database's clock, as are all times of this port. */
  sealedAtMs: bigint;
}

/** Where a ledger is anchored. Hashes and addresses are 0x and lower-case hex. */
export interface LedgerContract {
  chainId: bigint;
  /** Of the chain's block 0. */
  genesisHash: string;
  contract: string;
  /** The ledger's id in the contract. */
  onchainId: string;
  /** Who opened it there. */
  owner: string;
  openedBlock: bigint;
}

/**
 * `prepared` (signed and stored) → `sent` → `mined` → `final`; aside: `replaced` (another transaction of the same nonce
 * took its place), `reorged` (its block is gone; its bytes are sent again), `failed` (reverted, or never to be mined).
 */
export type AnchorState = "prepared" | "sent" | "mined" | "final" | "replaced" | "reorged" | "failed";

/** One anchor transaction, kept whatever became of it. Roots, hashes and addresses are 0x and lower-case hex. */
export interface AnchorRecord {
  anchorId: bigint;
  ledgerId: bigint;
  epoch: bigint;
  /** The contract's head that its consistency proof starts at; 0 for the first anchor. */
  fromSize: bigint;
  size: bigint;
  root: string;
  chainId: bigint;
  contract: string;
  sender: string;
  /** −1 for one that was found on chain without a row of ours. */
  nonce: bigint;
  /** The signed bytes; empty for one that was found on chain. */
  raw: Bytes;
  txHash: string;
  state: AnchorState;
  maxFeePerGasWei: bigint;
  maxPriorityFeePerGasWei: bigint;
  blockNumber: bigint | null;
  blockHash: string | null;
  blockTimeSeconds: bigint | null;
  gasUsed: bigint | null;
  /** Wei paid. */
  feeWei: bigint | null;
  /** Why it failed, or what the node last said of it. */
  error: string | null;
  preparedAtMs: bigint;
  sentAtMs: bigint | null;
  minedAtMs: bigint | null;
  finalAtMs: bigint | null;
  /** Ages when it was read. */
  sincePreparedMs: bigint;
  sinceSentMs: bigint | null;
}

/**
 * What workers find out that people must look at. An alarm stands until `clearAlarm`; while it stands it is not raised
 * again. `guard-mismatch` and `contract-ahead` halt the ledger too.
 */
export type AlarmCode =
  /** An event, tile or checkpoint is not what was stored. */
  | "tampered"
  /** The guard says that another head was signed than the database knows. */
  | "guard-mismatch"
  /** The guard knows no head of a log that has checkpoints, or its entry cannot be relied on. */
  | "guard-missing"
  /** The contract has a greater head than the database. */
  | "contract-ahead"
  /** The contract has a head that the ledger's events cannot explain. */
  | "foreign-anchor"
  /** A block that was final is gone. */
  | "final-reorged";

export interface AlarmRecord {
  code: AlarmCode;
  message: string;
  raisedAtMs: bigint;
}

/** The seal's transaction: it holds the lock of the ledger's watermarks until it ends. */
export interface SealTransaction {
  readonly ledger: LedgerRecord;
  readonly sealedSize: bigint;
  /** The newest event's position; 0 where there is none. */
  readonly headPosition: bigint;
  /** The log's verifier keys, oldest first. */
  vkeys(): Promise<string[]>;
  tiles(ids: readonly TileId[]): Promise<TileReader>;
  /** The newest checkpoint of the ledger's epoch. */
  checkpoint(): Promise<StoredCheckpoint | undefined>;
  /** Events past `after` up to `to`, in order, about a megabyte at a time. They are the caller's to change. Ends before a gap or soon after it. */
  events(after: bigint, to: bigint): AsyncIterable<EventRows>;
  saveTiles(tiles: readonly { id: TileId; hashes: Bytes }[]): Promise<void>;
  saveCheckpoint(checkpoint: { size: bigint; root: Bytes; note: string }): Promise<void>;
  /** Moves `sealed_size`, and tells those who listen on `SEALED_CHANNEL` once the transaction has committed. */
  moveSealedSize(size: bigint): Promise<void>;
}

/** What to sign, and by whom. */
export interface AnchorDraft {
  ledgerId: bigint;
  epoch: bigint;
  fromSize: bigint;
  size: bigint;
  root: Bytes;
  chainId: bigint;
  contract: string;
  sender: string;
}

/** A signed anchor transaction. */
export interface SignedAnchor {
  raw: Bytes;
  txHash: string;
  maxFeePerGasWei: bigint;
  maxPriorityFeePerGasWei: bigint;
  gasLimit: bigint;
}

/** Where an anchor's transaction stands on the current chain. */
export interface MinedFacts {
  blockNumber: bigint;
  blockHash: string;
  blockTimeSeconds: bigint;
  gasUsed: bigint;
  feeWei: bigint;
}

/** What an anchor policy decides on. Ages are by the database's clock. */
export interface AnchorFacts {
  /** Since the ledger's newest anchor was prepared; undefined while there is none. */
  sinceLastMs: bigint | undefined;
  /** Since the oldest checkpoint past the contract's head was sealed. */
  oldestWaitMs: bigint;
  /** Anchors that were reverted, and so paid for, since the last one that was not. */
  failuresInARow: number;
  /** Since the newest reverted one was prepared; undefined while there is none. */
  sinceFailureMs: bigint | undefined;
  /** Wei of this sender on this chain, over all ledgers: paid in the last 24 hours, or at most to be paid for what is on its way. */
  spentWei: bigint;
}

/** The log's and the anchors' side of a database. Any call may throw a `LedgerError`: `database-unavailable`, `database-failed` … */
export interface LogStore {
  // What others read.
  /** The tiles asked for; the reader answers undefined for one that is not stored. */
  tiles(ledgerId: bigint, ids: readonly TileId[]): Promise<TileReader>;
  /** The newest checkpoint, or the smallest one with `atLeast` so many leaves, or the one of exactly `size`. */
  checkpoint(ledgerId: bigint, by?: { atLeast?: bigint; size?: bigint }): Promise<StoredCheckpoint | undefined>;
  /** The smallest mined or final anchor that covers a position. */
  coveringAnchor(ledgerId: bigint, position: bigint): Promise<AnchorRecord | undefined>;
  /** The newest anchors, newest first. */
  recentAnchors(ledgerId: bigint, limit: number): Promise<AnchorRecord[]>;
  /** Where the ledger is anchored; undefined until that is recorded. */
  contracts(ledgerId: bigint): Promise<LedgerContract | undefined>;
  /** The log's verifier keys, oldest first. */
  vkeys(ledgerId: bigint): Promise<string[]>;
  /** The standing alarms, oldest first. */
  alarms(ledgerId: bigint): Promise<AlarmRecord[]>;
  /** Why the ledger's next anchor waits; null where it does not. */
  waiting(ledgerId: bigint): Promise<string | null>;

  // What a person's action writes.
  /** Again with the same contract: only `openedBlock` is taken. With another one: LedgerError `chain-mismatch`. */
  recordContract(ledgerId: bigint, contract: LedgerContract): Promise<void>;
  clearAlarm(ledgerId: bigint, code: AlarmCode): Promise<void>;

  // What workers write.
  /** True when it was not standing yet. */
  raiseAlarm(ledgerId: bigint, code: AlarmCode, message: string): Promise<boolean>;
  /** Raises the alarm and halts the ledger in one transaction: appends are refused from then on. */
  halt(ledgerId: bigint, code: AlarmCode, reason: string): Promise<void>;
  noteWaiting(ledgerId: bigint, reason: string | null): Promise<void>;

  // Due work. A halted ledger has none.
  /** Ledgers whose newest position is not their `sealed_size`. */
  dueToSeal(): Promise<bigint[]>;
  /**
   * Ledgers, of a chain or of all, that are sealed past their greatest mined or final anchor of this epoch, and have no
   * anchor on its way. `anchored_size` may be greater: it stays where a final block is gone.
   */
  dueToAnchor(chainId?: bigint): Promise<bigint[]>;
  /** Anchors of all chains that are not final yet, and may still become it. */
  anchorsOnTheWay(): Promise<number>;
  /** Every open ledger; with `chainId`: those that are anchored on that chain. */
  openLedgers(chainId?: bigint): Promise<LedgerRecord[]>;

  // Sealing.
  /** Runs `work` in one transaction and commits it; rolls back what it throws. Unknown ledger: LedgerError `ledger-not-found`. */
  seal<T>(ledgerId: bigint, work: (transaction: SealTransaction) => Promise<T>): Promise<T>;

  // Anchoring.
  anchorFacts(draft: Pick<AnchorDraft, "ledgerId" | "chainId" | "sender" | "fromSize">): Promise<AnchorFacts>;
  /**
   * Reserves the sender's next nonce on the chain, over all ledgers, signs with it and stores the signed bytes as
   * `prepared`. `busy`: another anchor of the ledger is on its way, or a greater one is mined.
   */
  prepareAnchor(
    draft: AnchorDraft & { minedNonce: bigint },
    sign: (nonce: bigint) => SignedAnchor,
  ): Promise<{ kind: "prepared"; anchor: AnchorRecord } | { kind: "busy" }>;
  /**
   * Puts another transaction in the place of one, `prepared`, which turns to `replaced`. The nonce is the same, or the
   * lower one that keeps it from being mined. `busy`: it was settled meanwhile.
   */
  replaceAnchor(
    anchorId: bigint,
    draft: AnchorDraft,
    nonce: bigint,
    signed: SignedAnchor,
  ): Promise<{ kind: "prepared"; anchor: AnchorRecord } | { kind: "busy" }>;
  /** `prepared`, `sent` and `reorged` transactions on a chain, of a sender or of all, in the order of their nonces. */
  openAnchors(chainId: bigint, sender?: string): Promise<AnchorRecord[]>;
  /** Others of the same nonce that were replaced: any of them may still be the one that is mined. */
  replacedSiblings(anchor: Pick<AnchorRecord, "anchorId" | "chainId" | "sender" | "nonce">): Promise<AnchorRecord[]>;
  /** Mined transactions of a chain that are not final yet, in the order of their blocks. */
  minedAnchors(chainId: bigint): Promise<AnchorRecord[]>;
  /** The newest final anchor of each ledger on a chain. */
  finalAnchors(chainId: bigint): Promise<AnchorRecord[]>;
  /** Nothing where it is mined by now. `note`: what the node said. */
  markSent(anchorId: bigint, note: string | null): Promise<void>;
  /** Also moves `anchored_size`, and turns what else stood on its nonce to `replaced`. Nothing where it is final by now. */
  markMined(anchorId: bigint, facts: MinedFacts): Promise<void>;
  /** Nothing where it is mined by now. */
  markFailed(anchorId: bigint, error: string, facts?: MinedFacts): Promise<void>;
  /** Also moves `anchored_size` back to the greatest that is still mined. Nothing where it is mined in another block by now. */
  markReorged(anchorId: bigint, blockHash: string): Promise<void>;
  /**
   * Also moves `final_size`, never down, and tells those who listen on `FINAL_CHANNEL`. Nothing where it is mined in
   * another block by now.
   */
  markFinal(anchorId: bigint, blockHash: string): Promise<void>;
  /** Records, as `mined`, an anchor of ours that the chain has and the table has not, or not as mined. */
  adoptAnchor(draft: AnchorDraft & { txHash: string }, facts: MinedFacts): Promise<void>;
}

/** NOTIFY channels; the payload is the ledger's id and the new size, separated by a space. */
export const SEALED_CHANNEL = "eventchain_sealed";
export const FINAL_CHANNEL = "eventchain_final";
