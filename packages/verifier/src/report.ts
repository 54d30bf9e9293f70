/** What can be found wrong with a ledger; the meanings are those of `verify` in the command line's reference. */
export type FindingKind =
  | "altered"
  | "deleted"
  | "inserted"
  | "reordered"
  | "truncated"
  | "restored"
  | "rewritten"
  | "forged-anchor"
  | "foreign-anchor"
  | "superseded"
  | "ledger-missing"
  | "bad-checkpoint"
  | "contradicted"
  | "misdated"
  | "bad-snapshot"
  | "bad-projection"
  | "erased-unlogged"
  | "malformed";

/** One tampering, or a run of neighbours of one kind. Positions are decimal strings and count as sealed. */
export interface Finding {
  kind: FindingKind;
  /** The first position concerned; absent where the finding has none (`ledger-missing`). */
  position?: string;
  /** The last position of a run; the other place of a `reordered`. */
  to?: string;
  /** Of the row found at `position`, where there is one. */
  eventId?: string;
  stream?: string;
  /** Of a `bad-snapshot`; its `position` is that of the event which commits to it. */
  branch?: string;
  /** Of a `bad-projection`, which has no position. */
  projection?: string;
  /** One line for people. */
  detail: string;
}

/** The newest head of the ledger on chain. */
export interface AnchoredHead {
  size: string;
  /** 0x and 64 hex digits. */
  root: string;
  chainId: string;
  /** The number of the block that holds it. */
  block: string;
  /** Whether that block is as deep as the finality asked for. */
  final: boolean;
}

/** What `verify --json` prints; 64-bit numbers are decimal strings. */
export interface VerifyReport {
  /** The ledger's origin. */
  ledger: string;
  /** No finding. */
  ok: boolean;
  /** Whether keys and contract came from outside, or from the database that was checked. */
  trust: "given" | "from-database";
  epoch: string;
  /** The newest event's position. */
  size: string;
  /** How many events were read and recomputed. */
  checked: string;
  /** How many events the log's entries hold. */
  sealed: string;
  /** null: never anchored, or `offline`. */
  anchored: AnchoredHead | null;
  /** Events past the newest anchor. */
  unanchored: string;
  /** Present, and true, when the chain was left out. */
  offline?: true;
  /** Present where they were asked for: how many were compared with their events, and how many of these have none any more. */
  snapshots?: { checked: string; pruned: string };
  findings: Finding[];
}
