import type { Bytes } from "@eventchain/core";

/** One ledger of a database. */
export interface LedgerRecord {
  /** The database's own number for it: every table's leading key. */
  ledgerId: bigint;
  /** Its name for the world: 1 to 200 printable ASCII characters, without space, `+` or `~`. */
  origin: string;
  /** JCS text. */
  genesis: string;
  /** 32 bytes: what the first event is chained to. */
  genesisHash: Bytes;
  /** 0, and one more for each supersession on chain. */
  epoch: bigint;
  state: "open" | "halted";
  /** Why it is halted; null while it is open. */
  stateReason: string | null;
}

/** One event as it is stored. Hashes are 32 bytes, salts 16. */
export interface StoredEvent {
  /** 1, 2, 3 … in the ledger, without a gap, in commit order. */
  position: bigint;
  stream: string;
  /** 1, 2, 3 … in its stream. */
  version: bigint;
  /** UUIDv7, lower-case. */
  id: string;
  type: string;
  schema: number;
  /** Unique, sorted by their UTF-8 bytes. */
  tags: string[];
  /** Microseconds since 1970-01-01 UTC, by the database's clock. */
  recordedAtMicros: bigint;
  /** JCS text, or null after erasure. */
  data: string | null;
  salt: Bytes | null;
  dataHash: Bytes;
  /** JCS text, or null after erasure. */
  metadata: string | null;
  metaSalt: Bytes | null;
  metaHash: Bytes;
  contentHash: Bytes;
  prevHash: Bytes;
  hash: Bytes;
}

/** One event to append. */
export interface NewEvent {
  stream: string;
  type: string;
  /** 1 … 2^31 − 1. */
  schema: number;
  /** Unique, sorted by their UTF-8 bytes. */
  tags: readonly string[];
  /** JCS text of an object. */
  data: string;
  /** JCS text of an object. Its `commandId` is the request's command id, and absent where there is none. */
  metadata: string;
  /** UUIDv7, lower-case. */
  id: string;
  /** 16 random bytes. */
  salt: Bytes;
  /** 16 random bytes. */
  metaSalt: Bytes;
}

/** What a stream's version must be: exactly this one (0 is "none"), no event yet, at least one event, or whatever. */
export type ExpectedVersion = bigint | "none" | "exists" | "any";

/** Events that are recorded together or not at all. */
export interface AppendRequest {
  /** At least one. */
  events: readonly NewEvent[];
  /** Each stream at most once; one that is not named may be at any version. */
  expected: readonly { stream: string; version: ExpectedVersion }[];
  /** A command id is recorded once in a ledger; `requestHash` (32 bytes) tells the same request from another one. */
  command?: { id: string; requestHash: Bytes; type?: string; actor?: string };
}

/** Where an appended event came to stand. */
export interface RecordedEvent {
  position: bigint;
  stream: string;
  version: bigint;
  id: string;
  hash: Bytes;
  recordedAtMicros: bigint;
}

/** Why a request was refused before anything was written. */
export type RefusalCode =
  | "invalid-json"
  | "invalid-name"
  | "invalid-argument"
  | "duplicate-id"
  | "too-large"
  | "ledger-halted";

/** What became of one request. */
export type AppendOutcome =
  /** `duplicate`: this command id was recorded before with the same request hash; these are its first events. */
  | { outcome: "recorded"; duplicate: boolean; events: RecordedEvent[] }
  /** `actual`: the stream's version when the request's turn came; 0 where it has no event. */
  | { outcome: "conflict"; stream: string; expected: ExpectedVersion; actual: bigint }
  | { outcome: "command-id-reused"; commandId: string }
  /** `event`: the offending event's index in the request. */
  | { outcome: "refused"; code: RefusalCode; message: string; event?: number };

/** Which events to read; conditions are joined by AND, the values of one list by OR, but for `tags`: all of them. */
export interface EventFilter {
  streams?: readonly string[];
  types?: readonly string[];
  tags?: readonly string[];
  /** Equal to metadata's `actor`, `ip`, `correlationId`. Never met by an event whose metadata is erased. */
  actor?: string;
  ip?: string;
  correlationId?: string;
  /** Inclusive. */
  recordedFromMicros?: bigint;
  /** Exclusive. */
  recordedToMicros?: bigint;
}

export interface ReadStreamOptions {
  /** Begin past this version: greater ones, or smaller ones when reading backwards. Default: from the end read first. */
  after?: bigint;
  /** At most so many events. Default: all. */
  limit?: number;
  backwards?: boolean;
  /** Events fetched by one query. Default 1,000. */
  batchSize?: number;
  signal?: AbortSignal;
}

export interface ReadAllOptions {
  /** Begin past this position: greater ones, or smaller ones when reading backwards. Default: from the end read first. */
  after?: bigint;
  /** The last position to read, inclusive, in the direction of reading. Default: to the end. */
  to?: bigint;
  /** At most so many events. Default: all. */
  limit?: number;
  backwards?: boolean;
  filter?: EventFilter;
  /** Events fetched by one query. Default 1,000. */
  batchSize?: number;
  signal?: AbortSignal;
}

/** How far a ledger is sealed, anchored and final: an event is final if its position ≤ `finalSize`. */
export interface Watermarks {
  sealedSize: bigint;
  anchoredSize: bigint;
  finalSize: bigint;
}

/** What is known of a command id. */
export interface CommandRecord {
  commandId: string;
  outcome: "recorded" | "rejected";
  /** Why it was rejected; null when it was recorded. */
  code: string | null;
  type: string | null;
  actor: string | null;
  firstPosition: bigint | null;
  lastPosition: bigint | null;
  requestHash: Bytes;
  state: "appended" | "sealed" | "anchored" | "final" | "rejected";
  atMicros: bigint;
  /** In order; empty when it was rejected. */
  events: RecordedEvent[];
}

/** The port that every adapter fills. Any call may throw a `LedgerError`: `database-unavailable`, `database-failed` … */
export interface EventStore {
  /** `genesis` is the JCS text of format.md's object. An origin that exists already: LedgerError `ledger-exists`. */
  createLedger(input: { origin: string; genesis: string; vkey: string }): Promise<LedgerRecord>;
  findLedger(origin: string): Promise<LedgerRecord | undefined>;
  listLedgers(): Promise<LedgerRecord[]>;
  /**
   * Records requests in one call and one commit, each with an outcome of its own, in order. A request is checked
   * against those before it, in the same call too. An unknown ledger: LedgerError `ledger-not-found`.
   */
  append(ledgerId: bigint, requests: readonly AppendRequest[]): Promise<AppendOutcome[]>;
  readStream(ledgerId: bigint, stream: string, options?: ReadStreamOptions): AsyncIterable<StoredEvent>;
  readAll(ledgerId: bigint, options?: ReadAllOptions): AsyncIterable<StoredEvent>;
  findEvent(ledgerId: bigint, by: { position: bigint } | { id: string }): Promise<StoredEvent | undefined>;
  /** The newest event's position and hash; 0 and the genesis hash while there is none. */
  head(ledgerId: bigint): Promise<{ position: bigint; hash: Bytes }>;
  watermarks(ledgerId: bigint): Promise<Watermarks>;
  findCommand(ledgerId: bigint, commandId: string): Promise<CommandRecord | undefined>;
  close(): Promise<void>;
}
