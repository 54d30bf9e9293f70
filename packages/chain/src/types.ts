import type { AnchorWitness, Bytes } from "@eventchain/core";

/** When a block counts as final: `confirmations` when the latest block is `count` above it; `finalized` when the node's tag is at or past it. */
export type Finality = { kind: "confirmations"; count: number } | { kind: "finalized" };

/** A block as read from the node; `hash` is 0x lower-case, `timeSeconds` its own timestamp. */
export interface Block {
  number: bigint;
  hash: string;
  timeSeconds: bigint;
}

/** What a type-2 transaction (EIP-1559) bids, in wei for each gas. */
export interface Fees {
  maxFeePerGasWei: bigint;
  maxPriorityFeePerGasWei: bigint;
}

/** One `Anchored` log of the contract. Addresses, ids, roots and hashes are 0x lower-case. */
export interface AnchoredLog {
  contract: string;
  ledgerId: string;
  epoch: bigint;
  fromSize: bigint;
  size: bigint;
  root: string;
  txHash: string;
  blockNumber: bigint;
  blockHash: string;
}

/** One `Superseded` log: the owner replaced the head and said why. */
export interface SupersededLog {
  contract: string;
  ledgerId: string;
  epoch: bigint;
  oldSize: bigint;
  oldRoot: string;
  size: bigint;
  root: string;
  reason: string;
  txHash: string;
  blockNumber: bigint;
  blockHash: string;
}

/** One `Opened` log. */
export interface OpenedLog {
  ledgerId: string;
  opener: string;
  origin: string;
  txHash: string;
  blockNumber: bigint;
  blockHash: string;
}

/** What the contract keeps for a ledger; `size` 0 and a zero root: opened, but never anchored. */
export interface OnChainHead {
  epoch: bigint;
  size: bigint;
  root: string;
  timeSeconds: bigint;
  anchorer: string;
  owner: string;
}

/** The node's answer to a raw transaction. `refused` is final for these bytes; the others are not errors. */
export type SendOutcome =
  | { kind: "accepted" }
  | { kind: "already-known" }
  | { kind: "nonce-too-low" }
  | { kind: "underpriced" }
  | { kind: "refused"; reason: string };

/** A mined transaction as the current chain has it; `anchored` holds every well-formed `Anchored` log of any contract in it. */
export type ReceiptOutcome =
  | {
      kind: "mined";
      blockNumber: bigint;
      blockHash: string;
      succeeded: boolean;
      gasUsed: bigint;
      feeWei: bigint;
      anchored: AnchoredLog[];
    }
  | { kind: "not-found" };

/** `not-yet`: on the current chain, but not deep enough. `reorged`: another block stands at that height. */
export type Depth = "final" | "not-yet" | "reorged";

/** Blocks, both ends included; left out: from the first, to the latest. */
export interface BlockRange {
  fromBlock?: bigint;
  toBlock?: bigint;
}

export interface SignAnchorInput {
  /** 0x and 64 hex digits. */
  ledgerId: string;
  size: bigint;
  /** 32 bytes. */
  root: Bytes;
  /** RFC 9162 2.1.4 proof from the contract's head; empty for the first anchor. */
  consistency: readonly Bytes[];
  nonce: bigint;
  fees: Fees;
  /** The anchorer's private key, 0x and 64 hex digits. */
  key: string;
  chainId: bigint;
  /** Default: `anchorGasLimit(consistency.length)`. */
  gasLimit?: bigint;
}

export interface SignedTransaction {
  raw: Bytes;
  txHash: string;
  from: string;
}

/** An AnchorRegistry at an address. A node that does not answer throws LedgerError "chain-unavailable" (retryable). */
export interface Registry {
  readonly address: string;
  head(ledgerId: string): Promise<OnChainHead | { kind: "not-opened" }>;
  /** Every `Anchored` log of the ledger, in the chain's order. */
  anchors(ledgerId: string, range?: BlockRange): Promise<AnchoredLog[]>;
  /** Every `Superseded` log of the ledger, in the chain's order. */
  supersessions(ledgerId: string, range?: BlockRange): Promise<SupersededLog[]>;
  /** The ledgers opened here; `owner` is who owns them now, `opener` who opened them. */
  opened(filter?: { owner?: string; opener?: string }): Promise<OpenedLog[]>;
  /** Opens a ledger and waits for its block. A second call by the same opener finds the first one. */
  open(input: {
    origin: string;
    anchorer: string;
    key: string;
  }): Promise<{ ledgerId: string; txHash: string; blockNumber: bigint }>;
  /** Names another anchorer, by the owner's key, and waits for its block. */
  setAnchorer(input: {
    ledgerId: string;
    anchorer: string;
    key: string;
  }): Promise<{ txHash: string; blockNumber: bigint }>;
  /** Signs an anchor transaction. Pure: the same input gives the same bytes, and nothing is asked of the node. */
  signAnchor(input: SignAnchorInput): SignedTransaction;
}

/** A node of a chain. Every method throws LedgerError "chain-unavailable" (retryable) when the node does not answer: never "not found". */
export interface Chain extends AnchorWitness {
  chainId(): Promise<bigint>;
  /** The hash of block 0. */
  genesisHash(): Promise<string>;
  /** undefined: the chain has no such block (yet). */
  block(tag: bigint | "latest" | "finalized"): Promise<Block | undefined>;
  /** The number of mined transactions of an address (tag latest). */
  nonce(address: string): Promise<bigint>;
  fees(): Promise<Fees>;
  sendRaw(raw: Bytes): Promise<SendOutcome>;
  receipt(txHash: string): Promise<ReceiptOutcome>;
  isDeepEnough(block: { number: bigint; hash: string }, finality: Finality): Promise<Depth>;
  registry(contract: string): Registry;
  close(): void;
}

export interface ConnectOptions {
  /** http:// or https:// URL of a JSON-RPC node. */
  rpcUrl: string;
  /** Pause between two looks while waiting for a block. Default 100 ms. */
  pollMs?: number;
  /** The longest wait for one answer of the node. Default 10,000 ms. */
  timeoutMs?: number;
}
