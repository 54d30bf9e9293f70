import type { Bytes } from "@eventchain/core";
import type { EventQuery } from "./query-types.ts";
import type { AccessScope, ReadAllOptions, ReadBatchesOptions, ReadEvent, ReadStreamOptions } from "./read-types.ts";

export type { EventQuery, QueryItem } from "./query-types.ts";
export type {
  AccessScope,
  EventFilter,
  ReadAllOptions,
  ReadBatchesOptions,
  ReadEvent,
  ReadStreamOptions,
} from "./read-types.ts";

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

/**
 * The append condition of the DCB specification: fails if an event past `after` meets the query. It names at most 4,096
 * streams, types and tags, all conditions of one call at most 16,384: a request that passes either is refused as too-large.
 */
export interface AppendCondition {
  failIfEventsMatch: EventQuery;
  /** The position of the look that the decision was made on, the head's or before it. Default 0: no event at all. */
  after?: bigint;
}

/** That a command was rejected. */
export interface RequestRejection {
  /** Stable, 1 to 512 bytes of UTF-8. */
  code: string;
  /** For people. */
  reason?: string;
  /**
   * Given where the rejection is to be an event too: `$CommandRejected` in the stream `$audit`, schema 1, no tags. The
   * store composes its data (format.md). The metadata's `commandId` is the command's id.
   */
  event?: Pick<NewEvent, "id" | "salt" | "metaSalt" | "metadata">;
}

/** Events that are recorded together or not at all; or a command's rejection. */
export interface AppendRequest {
  /** At least one; none with a rejection. */
  events: readonly NewEvent[];
  /** Each stream at most once; one that is not named may be at any version. */
  expected: readonly { stream: string; version: ExpectedVersion }[];
  /** A command id is recorded once in a ledger; `requestHash` (32 bytes) tells the same request from another one. */
  command?: { id: string; requestHash: Bytes; type?: string; actor?: string };
  /** Checked after the expected versions. */
  condition?: AppendCondition;
  /** Records a rejection instead of events. Needs `command`; is checked against nothing but its id. */
  rejection?: RequestRejection;
  /**
   * Requests of one call with the same chain were decided one on top of the other, in this order. Events that an
   * earlier one of the chain records in this call are no conflict with this one's condition. Where an earlier one that
   * has events does not record them now (a conflict, a refusal, a command id that is known), each later one of the
   * chain is `dependency-failed`, rejections included. Numbered from 0 in each call; each chain's requests are neighbours.
   */
  chain?: number;
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
  /**
   * `duplicate`: this command id was recorded before with the same request hash; these are its first events. A command
   * that was recorded stays so when it comes again as a rejection, and the other way round.
   */
  | { outcome: "recorded"; duplicate: boolean; events: RecordedEvent[] }
  /** `actual`: the stream's version when the request's turn came; 0 where it has no event. */
  | { outcome: "conflict"; stream: string; expected: ExpectedVersion; actual: bigint }
  /** The command is recorded as rejected, now or (`duplicate`) before. `position`: of its `$CommandRejected`, if any. */
  | { outcome: "rejected"; duplicate: boolean; code: string; reason: string | null; position: bigint | null }
  /** The condition does not hold: the first of the events that meet its query, oldest first, 1 to 16. */
  | { outcome: "condition-failed"; positions: bigint[] }
  /** An earlier request of its chain was not recorded: to be decided again. */
  | { outcome: "dependency-failed" }
  | { outcome: "command-id-reused"; commandId: string }
  /** `event`: the offending event's index in the request. */
  | { outcome: "refused"; code: RefusalCode; message: string; event?: number };

/** How far a ledger is sealed, anchored and final: an event is final if its position ≤ `finalSize`. */
export interface Watermarks {
  sealedSize: bigint;
  anchoredSize: bigint;
  finalSize: bigint;
}

/** What of a ledger is read in one look, as of `position`: the head when the look was taken. */
export interface Look {
  position: bigint;
  /** For each context in order: its events up to `position`, oldest first. Each can be iterated once. */
  contexts: readonly AsyncIterable<StoredEvent>[];
}

/** The schema of one version of an event type, as kept with its first use. */
export interface KeptSchema {
  type: string;
  version: number;
  /** SHA-256 of `schema`: 32 bytes. */
  hash: Bytes;
  /** JSON Schema, JCS text. */
  schema: string;
}

/** What is known of a command id. */
export interface CommandRecord {
  commandId: string;
  outcome: "recorded" | "rejected";
  /** Why it was rejected; null when it was recorded. */
  code: string | null;
  /** The rejection in words; null when it was recorded, or none was given. */
  reason: string | null;
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
   * Of two calls for one ledger the one made first happens first; the second need not wait for the first one's outcomes.
   */
  append(ledgerId: bigint, requests: readonly AppendRequest[]): Promise<AppendOutcome[]>;
  readStream(ledgerId: bigint, stream: string, options?: ReadStreamOptions): AsyncIterable<StoredEvent>;
  readAll(ledgerId: bigint, options?: ReadAllOptions): AsyncIterable<StoredEvent>;
  /**
   * The events that `readAll`, or `readStream` where a stream is named, gives with these options, as readers get them. The
   * next batch is fetched while the caller works on the last; none is empty.
   */
  readBatches(ledgerId: bigint, options?: ReadBatchesOptions): AsyncIterable<readonly ReadEvent[]>;
  /** An event that the access hides is undefined, like one that does not exist. */
  findEvent(
    ledgerId: bigint,
    by: { position: bigint } | { id: string },
    scope?: AccessScope,
  ): Promise<StoredEvent | undefined>;
  /** How many events a read with these options would give. */
  count(ledgerId: bigint, options?: Omit<ReadAllOptions, "limit" | "backwards" | "batchSize">): Promise<bigint>;
  /**
   * One consistent look: the head's position, and each context's events up to it. `after`: only events past it. What is
   * small comes in one round trip. Never filtered by access: a decision sees all that it depends on.
   */
  look(ledgerId: bigint, contexts: readonly { query: EventQuery; after?: bigint }[]): Promise<Look>;
  /** The newest event's position and hash; 0 and the genesis hash while there is none. */
  head(ledgerId: bigint): Promise<{ position: bigint; hash: Bytes }>;
  /** The hash of the event at a position: 32 bytes; at 0 the genesis hash, undefined where no event stands. */
  hashAt(ledgerId: bigint, position: bigint): Promise<Bytes | undefined>;
  watermarks(ledgerId: bigint): Promise<Watermarks>;
  findCommand(ledgerId: bigint, commandId: string): Promise<CommandRecord | undefined>;
  /** Which of these command ids are recorded or rejected already. */
  knownCommands(ledgerId: bigint, commandIds: readonly string[]): Promise<ReadonlySet<string>>;
  /** Every schema that is kept, or those of these types and versions, by type (bytewise) and version. */
  keptSchemas(ledgerId: bigint, of?: readonly Pick<KeptSchema, "type" | "version">[]): Promise<KeptSchema[]>;
  /**
   * Keeps those that are not kept yet, the first of racers wins; gives what is kept now for each, in order. At most 1,024
   * of 256 KiB each. Errors: LedgerError `invalid-argument`, `invalid-name`, `too-large`.
   */
  keepSchemas(ledgerId: bigint, schemas: readonly KeptSchema[]): Promise<KeptSchema[]>;
  close(): Promise<void>;
}
