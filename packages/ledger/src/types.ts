import type { EventFilter, EventQuery } from "@eventchain/store";
import type { CoveringAnchor } from "./status-types.ts";

export type {
  Connection,
  Definitions,
  Ledger,
  LedgerOptions,
  LedgerReads,
  LedgerView,
  RequiredKey,
} from "./ledger-types.ts";
export type { Alarm, AnchorSummary, CoveringAnchor, HandlerSummary, LedgerStatus } from "./status-types.ts";

/** An object that has a JSON form: plain objects, arrays, strings, finite numbers, booleans and null inside. */
export type JsonObject = Record<string, unknown>;

/** One event as a caller gives it, or as an event definition made it. Any other key is refused. */
export interface EventInput {
  /** Its kind, such as "TicketOpened": 1 to 512 bytes of UTF-8, not beginning with `$`. */
  type: string;
  /** What happened: an object that has a canonical JSON form of at most 1 MiB, at most 64 levels deep. */
  data: object;
  /** What else it is about, such as "customer:42"; no duplicates. Default: none. */
  tags?: readonly string[] | undefined;
  /** The version of its data's schema, 1 … 2^31 − 1. Default: its definition's, where it has one; else 1. */
  schema?: number | undefined;
  /** Metadata of this event alone; a key given here may not be given for the whole append too. */
  metadata?: object | undefined;
  /** Where it goes: as an event definition makes its events. Must be the stream that is appended to. */
  stream?: string | undefined;
}

/** What a stream's version must be for an append to be made: exactly N (0: no event), "none", "exists" or "any". */
export type Expect = bigint | number | "none" | "exists" | "any";

/** Options of an append. Any other key is refused, so that a misspelt `expect` cannot go unnoticed. */
export interface AppendOptions {
  /** What the stream's version must be, else the append fails with a `ConflictError`. Default "any". */
  expect?: Expect | undefined;
  /** Makes the append repeatable: again with the same content, it returns the first receipt. At most 512 bytes. */
  commandId?: string | undefined;
  /** Who did it. This and the following become metadata of each event, under the same names. */
  actor?: string | undefined;
  ip?: string | undefined;
  userAgent?: string | undefined;
  reason?: string | undefined;
  correlationId?: string | undefined;
  causationId?: string | undefined;
  /** When it happened, where that is not now: RFC 3339 with an offset, kept in UTC. */
  occurredAt?: string | Date | undefined;
  /** Further metadata of each event. A key that is given twice, or begins with `$`, is refused. */
  metadata?: object | undefined;
  /** Gives up while the append waits for its group; once that is sent, the outcome is awaited. */
  signal?: AbortSignal | undefined;
}

/** How far an event has come. */
export type EventState = "appended" | "sealed" | "anchored" | "final";

/** Where an appended event came to stand. */
export interface ReceiptEvent {
  /** 1, 2, 3 … in the ledger. */
  position: bigint;
  /** 1, 2, 3 … in its stream. */
  version: bigint;
  stream: string;
  type: string;
  /** UUIDv7. */
  id: string;
  /** 64 hex digits. */
  hash: string;
  /** Microseconds since 1970-01-01 UTC by the database's clock. */
  recordedAtMicros: bigint;
}

/** An event that is final, and by which anchor. */
export interface FinalResult {
  state: "final";
  anchor: CoveringAnchor;
}

export interface WaitOptions {
  /** Milliseconds. Default 60,000 (`DEFAULT_FINAL_TIMEOUT_MS`). */
  timeout?: number | undefined;
  signal?: AbortSignal | undefined;
}

/** What was recorded, never its payload; it can be awaited to final. */
export interface Receipt {
  /** The command id, or the first event's id where there is none. */
  id: string;
  status: "recorded";
  commandId?: string;
  /** The command's name, where a command recorded it. */
  command?: string;
  events: readonly ReceiptEvent[];
  /** How far its last event has come, as the database says now. */
  state(): Promise<EventState>;
  /**
   * Resolves when its last event is anchored deep enough.
   * Errors: LedgerError `timeout`, `aborted`, or what the database answers.
   */
  final(options?: WaitOptions): Promise<FinalResult>;
  /**
   * Its state now and each one after it that is seen, ending with "final". A reorganisation of the chain may take it
   * from "anchored" back to "sealed". No time-out unless one is given.
   */
  progress(options?: WaitOptions): AsyncIterable<EventState>;
  /**
   * Resolves when a projection has handled its last event (at the projection's level): what is read of the projection then
   * has it. An inline one has it from the start. `timeout`: default 30,000 (`DEFAULT_PROJECTED_TIMEOUT_MS`).
   * Errors: LedgerError `not-found` for a projection that the ledger does not have, `projection-stopped` (values `reason`)
   * where it stopped, or is off, before the event; `timeout`, `aborted`, or what the database answers.
   */
  projected(projection: string, options?: WaitOptions): Promise<void>;
}

/** What an append returns. */
export interface AppendReceipt extends Receipt {
  /** This command id was recorded before; these are its first events. */
  duplicate: boolean;
}

/** One event as it is read. */
export interface LedgerEvent {
  position: bigint;
  stream: string;
  version: bigint;
  id: string;
  type: string;
  schema: number;
  tags: readonly string[];
  recordedAtMicros: bigint;
  /** Null after erasure. `canonicalJson` of it is the text that was hashed. */
  data: JsonObject | null;
  /** Null after erasure. */
  metadata: JsonObject | null;
  /** 64 hex digits. */
  hash: string;
}

export interface ReadOptions {
  /** Begin past this version (of a stream) or position (of the ledger), in the direction of reading. */
  after?: bigint | number | undefined;
  /** At most so many events. Default: all. */
  limit?: number | undefined;
  /** Newest first. Default false. */
  backwards?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

export interface ReadAllOptions extends ReadOptions {
  /** The last position to read, inclusive. Default: to the end. */
  to?: bigint | number | undefined;
  /** Conditions joined by AND; the values of one list by OR, but for `tags`: all of them. */
  filter?: EventFilter | undefined;
  /** Only events that meet it, and the filter. Default: every event, the ledger's own too. */
  query?: EventQuery | undefined;
}

export interface CountOptions {
  readonly after?: bigint | number | undefined;
  readonly to?: bigint | number | undefined;
  readonly filter?: EventFilter | undefined;
  readonly query?: EventQuery | undefined;
}
