import type { EventQuery } from "./query-types.ts";

/** One event as readers get it: texts parsed; salts and the hashes underneath stay behind. */
export interface ReadEvent {
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
  /** Null after erasure. */
  data: Record<string, unknown> | null;
  /** Null after erasure. */
  metadata: Record<string, unknown> | null;
  /** 64 hex digits. */
  hash: string;
}

/** Which events to read; conditions are joined by AND, the values of one list by OR, but for `tags`: all of them. */
export interface EventFilter {
  streams?: readonly string[];
  types?: readonly string[];
  tags?: readonly string[];
  /** Equal to metadata's `actor`, `ip`, `correlationId`. Never met by an event whose metadata is erased. */
  actor?: string;
  ip?: string;
  correlationId?: string;
  /** Metadata's `causationId` is one of these. */
  causationIds?: readonly string[];
  /** Inclusive. */
  recordedFromMicros?: bigint;
  /** Exclusive. */
  recordedToMicros?: bigint;
}

/** Who reads. Nothing that it hides shows in an answer: what is hidden is as if it were not there. */
export interface AccessScope {
  /** Only events that meet it are seen. Default "all": every event, here the ledger's own too. Part of the SQL. */
  access?: EventQuery;
  /** Lets Postgres's row-level security check each row as well, as the role `eventchain_viewer`. Default false. */
  rowSecurity?: boolean;
}

export interface ReadStreamOptions extends AccessScope {
  /** Begin past this version: greater ones, or smaller ones when reading backwards. Default: from the end read first. */
  after?: bigint;
  /** At most so many events. Default: all. */
  limit?: number;
  backwards?: boolean;
  /** Events fetched by one query. Default 1,000. */
  batchSize?: number;
  signal?: AbortSignal;
}

export interface ReadAllOptions extends AccessScope {
  /** Only events that meet it, and the filter, and the access. Default: every event, the ledger's own too. */
  query?: EventQuery;
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
  /** Events fetched by the first query, no more than `batchSize`. Default 128. */
  firstBatchSize?: number;
  signal?: AbortSignal;
}

/** Of one stream, by version, where it is named; else of the ledger, by position. */
export type ReadBatchesOptions = (ReadAllOptions & { stream?: undefined }) | (ReadStreamOptions & { stream: string });
