/** Where an anchor's log stands. Hashes are 0x and lower-case hex. */
export interface FoundAnchor {
  kind: "found";
  epoch: bigint;
  fromSize: bigint;
  size: bigint;
  root: string;
  blockNumber: bigint;
  blockHash: string;
  /** Blocks on top of this one: the newest block's number less this one's. */
  confirmations: bigint;
  /** Whether the chain's `finalized` block is this one or later. */
  finalized: boolean;
}

/** What the contract holds for a ledger. */
export interface WitnessedHead {
  epoch: bigint;
  size: bigint;
  root: string;
  timeSeconds: bigint;
  anchorer: string;
  owner: string;
}

/**
 * A chain that can be asked about anchors. Throws `chain-unavailable` when its node does not answer, which is never the same as
 * `not-found` or `not-opened`.
 */
export interface AnchorWitness {
  identity(): Promise<{ chainId: bigint; genesisHash: string }>;
  /** The ledger's own `Anchored` log of the contract in this transaction, by its receipt on the current chain. */
  anchored(query: { contract: string; ledgerId: string; txHash: string }): Promise<FoundAnchor | { kind: "not-found" }>;
  head(query: { contract: string; ledgerId: string }): Promise<WitnessedHead | { kind: "not-opened" }>;
}
