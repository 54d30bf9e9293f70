import type { ProjectionStatus } from "./projections/types.ts";

/** The anchor that covers an event. Hashes and addresses are 0x and lower-case hex. */
export interface CoveringAnchor {
  chainId: bigint;
  contract: string;
  txHash: string;
  blockNumber: bigint;
  blockHash: string;
  /** The log's size that it anchors. */
  size: bigint;
  root: string;
}

/** One of a ledger's newest anchors. */
export interface AnchorSummary {
  size: bigint;
  root: string;
  state: "prepared" | "sent" | "mined" | "final" | "replaced" | "reorged" | "failed";
  txHash: string;
  block: bigint | null;
  gasUsed: bigint | null;
  /** Milliseconds since 1970-01-01 UTC of its newest state. */
  atMs: bigint;
}

/** A standing alarm. */
export interface Alarm {
  code: string;
  message: string;
  raisedAtMs: bigint;
}

/** How one of the ledger's handlers stands; `ledger.handlers()` says more. */
export interface HandlerSummary {
  name: string;
  state: "on" | "off" | "stopped" | "failing";
  /** One line; null where it is on. */
  reason: string | null;
}

/** What `eventchain status` shows. */
export interface LedgerStatus {
  ledger: string;
  epoch: bigint;
  /** Events appended. */
  size: bigint;
  sealed: bigint;
  anchored: bigint;
  final: bigint;
  /** The newest checkpoint; size 0 and the empty root while there is none. Root: 64 hex digits. */
  head: { size: bigint; root: string };
  /** How long the oldest event that is not sealed, anchored, final has waited for it; 0 where none waits. */
  lag: { sealMs: bigint; anchorMs: bigint; finalMs: bigint };
  /** Why the anchor waits; null where it does not. */
  waiting: string | null;
  alarms: readonly Alarm[];
  /** By name (bytewise). */
  handlers: readonly HandlerSummary[];
  /** By name (bytewise): each with how far it is behind, and why it stopped. */
  projections: readonly ProjectionStatus[];
  /** The newest 10, newest first. */
  anchors: readonly AnchorSummary[];
}
