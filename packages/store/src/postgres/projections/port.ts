import type { Bytes } from "@eventchain/core";
import type { EventQuery, StoredEvent } from "../../port.ts";
import type { Relation } from "./plan-views.ts";

/** One build of a projection: its tables, and how far they have come. */
export interface BuildRecord {
  buildId: bigint;
  ledgerId: bigint;
  name: string;
  version: number;
  mode: "inline" | "async";
  /**
   * The live one is what people read; there is at most one of each of these two for a name. `retired`: another one took its
   * place, and its schema is yet to be dropped.
   */
  state: "building" | "live" | "retired";
  /** Where its tables are. */
  schemaName: string;
  /** The last event of the ledger that its tables have; 0 before the first. */
  position: bigint;
  /** Why it stopped; null while it goes on. */
  reason: string | null;
}

/** A projection of a ledger as the tables have it. */
export interface ProjectionRecord {
  name: string;
  /** Not switched off. */
  enabled: boolean;
  live: ListedBuild | null;
  building: ListedBuild | null;
  /** By their age. */
  retired: readonly ListedBuild[];
}

export type ListedBuild = Omit<BuildRecord, "ledgerId" | "name"> & {
  /** The event at its position is not the one that was applied: its rows are another history's. */
  forked: boolean;
  deadLetters: bigint;
  /** Why its swap, or the drop of a retired one, was put off; null where it was not. */
  putOff: string | null;
  /** Milliseconds before that is tried again; 0: at once. */
  waitMs: number;
  /** `BuildDraft.definition` of what it was made from; null where that is not known. */
  definition: Bytes | null;
};

/** An event that a projection was told to pass over. */
export interface DeadLetter {
  buildId: bigint;
  position: bigint;
  type: string;
  error: string;
  atMicros: bigint;
}

/** What a build is made from. */
export interface BuildDraft {
  name: string;
  version: number;
  mode: "inline" | "async";
  /** SQL that makes its tables: several statements, plain names. */
  schema: string;
  /** The comment of each table and view that has none. */
  describe: string | undefined;
  /** SHA-256 of all that its rows follow from, but for the handlers' code. Default: not known. */
  definition?: Bytes | undefined;
}

/** What of an event a projection is given. */
export type PageEvent = Pick<
  StoredEvent,
  "position" | "stream" | "version" | "id" | "type" | "schema" | "tags" | "recordedAtMicros"
> & {
  /** Parsed; null after erasure. */
  data: Record<string, unknown> | null;
  metadata: Record<string, unknown> | null;
};

export interface PageRequest {
  after: bigint;
  /** How far an event must have come. */
  level: "appended" | "sealed" | "final";
  query: EventQuery;
  /** At most so many events. */
  limit: number;
  /** At most so many bytes of data and metadata, and one event more. */
  maxBytes: number;
  /** No event past this position. Default: none. */
  to?: bigint;
  /**
   * Most events meet the query, as the last page told: positions are looked at one after the other, where that serves the
   * query, instead of found by indexes. The same events come, in pages that may end sooner. Default false.
   */
  isDense?: boolean;
}

/** Events of a query in order, and the position up to which they are all of them. */
export interface EventPage {
  events: PageEvent[];
  through: bigint;
  /** How far may be read at all: more is to be read where it is past `through`. */
  bound: bigint;
}

/** Runs one statement as an application's own: as `eventchain_projector`, its tables under plain names. */
export type RunSql = <Row extends object>(text: string, values: readonly unknown[]) => Promise<Row[]>;

/** A transaction that has a build's row: nobody else works on the build until it ends. */
export interface BuildTransaction {
  /** As it stands in this transaction, before its moves. */
  readonly build: BuildRecord;
  /** The event at its position is not the one that it was: nothing may be built on. */
  readonly forked: boolean;
  /** Milliseconds before its swap is tried again; 0: at once. */
  readonly waitMs: number;
  /** The next events, as this transaction sees them. */
  page(request: PageRequest): Promise<EventPage>;
  /**
   * Runs work on its tables. Deferred constraints are checked at its end. What the work throws is thrown on.
   * @param timeoutMs after so long each statement is ended; default: as the database is set up
   */
  write<T>(work: (run: RunSql) => Promise<T>, timeoutMs?: number): Promise<T>;
  /** Moves it to a position that is not before its own, with the hash that the ledger has there. */
  move(position: bigint): Promise<void>;
  addDeadLetter(event: { position: bigint; type: string }, error: string): Promise<void>;
  stop(reason: string): Promise<void>;
  /**
   * Takes the row of the live build of its projection too, so that it stays where it is; undefined where there is none.
   * Errors: LedgerError `timeout` where somebody works on it for long.
   */
  holdLive(): Promise<{ readonly position: bigint; readonly forked: boolean } | undefined>;
  /**
   * Makes the build the live one in the place of the one that `holdLive` took, which is retired: its tables stay for
   * `dropRetired`. To be done last: readers wait from here to the commit. The live one must not be further on.
   * Errors: LedgerError `timeout` where readers of the views do not end at once; `projection-failed` where something that
   * is not this projection's is in the way, named by the message.
   */
  swapIn(): Promise<void>;
  /** Runs a statement as the user of the connection, for what is done beside the projection's own tables. */
  run: RunSql;
}

export interface TransactOptions {
  /** Keeps this ledger, the build's, from growing meanwhile: its lock is taken before the build's. Default: none. */
  holdLedger?: bigint;
}

/** Projections of a migrated database. Any call may throw a `LedgerError`: `database-unavailable`, `database-failed` … */
export interface ProjectionStore {
  /** By name; with the head's position, of the same snapshot. */
  list(ledgerId: bigint): Promise<{ headPosition: bigint; projections: ProjectionRecord[] }>;
  /**
   * Makes a build and its tables, from position 0, unless there is one of this version, or a later one, being built: gives
   * that one then. One of an earlier version that is being built is dropped. Where the SQL fails the build is there all
   * the same, stopped with the reason, without tables: `retry` begins it afresh.
   */
  createBuild(ledgerId: bigint, draft: BuildDraft): Promise<BuildRecord>;
  /** Reads without a build's lock: what is found stays true, as the ledger only grows. */
  page(ledgerId: bigint, request: PageRequest): Promise<EventPage>;
  /** Runs work in one transaction that has the build's row; undefined where another one has it, or it is gone. */
  transact<T>(
    buildId: bigint,
    work: (transaction: BuildTransaction) => Promise<T>,
    options?: TransactOptions,
  ): Promise<T | undefined>;
  /**
   * Takes the views that a build's swap replaces away from readers, and gives them back: so a swap that must hold the
   * ledger learns of readers before it does. Gives false where somebody has the build at this moment, or it is gone.
   * Errors: LedgerError `timeout` where readers of the views do not end at once; `projection-failed` as `swapIn`.
   */
  probeSwap(buildId: bigint): Promise<boolean>;
  /**
   * Notes why a build's swap, or its drop, was put off; `backsOff`: it is to be tried again after a while that doubles each
   * time, from 250 ms to 30 s, and not before. Gives after how many milliseconds.
   */
  putOff(buildId: bigint, reason: string, backsOff: boolean): Promise<number>;
  /**
   * Drops the schema of a retired build, and its row. Gives false where it is not to be tried yet, somebody else does it at
   * this moment, or it is gone.
   * Errors: LedgerError `timeout` where somebody reads its tables; `projection-failed` where something that is not this
   * projection's depends on them, named by the message.
   */
  dropRetired(buildId: bigint): Promise<boolean>;
  /** Clears why a projection's builds stopped; gives how many had. */
  retry(ledgerId: bigint, name: string): Promise<bigint>;
  deadLetters(ledgerId: bigint, name: string): Promise<DeadLetter[]>;
  /** Drops a build and its tables. Readers of a live one lose their views with it. */
  dropBuild(buildId: bigint): Promise<void>;
  /** Drops a build unless it is live by now. Gives false where somebody has it at this moment. */
  dropBuilding(buildId: bigint): Promise<boolean>;
  /**
   * Runs work on fresh tables in a transaction that is rolled back: nothing of it stays.
   * Errors: LedgerError `projection-failed` where the tables cannot be made.
   */
  scratch<T>(ledgerId: bigint, schema: string, work: (transaction: ScratchTransaction) => Promise<T>): Promise<T>;
  /** One statement that only reads, with the ledger's views under plain names. */
  select<Row extends object>(ledgerId: bigint, text: string, values: readonly unknown[]): Promise<Row[]>;
}

/** A table or view that a projection's SQL makes. */
export type DescribedRelation = Pick<Relation, "name" | "kind" | "comment" | "columns">;

export interface ScratchTransaction {
  /** What the SQL made, by name (bytewise). */
  relations(): Promise<DescribedRelation[]>;
  page(request: PageRequest): Promise<EventPage>;
  write<T>(work: (run: RunSql) => Promise<T>, timeoutMs?: number): Promise<T>;
  /** The schema that the tables are in. */
  readonly schemaName: string;
  run: RunSql;
}

/** A live build of an inline projection that is on and not stopped. */
export type InlineBuild = Pick<BuildRecord, "buildId" | "name" | "version" | "schemaName" | "position"> &
  Pick<ListedBuild, "definition">;

/** An append's transaction, once its events are there and before its commit: it has the ledger's lock. */
export interface AppendTransaction {
  /** What this call recorded, in order; rejections' events are not among them. */
  readonly events: readonly PageEvent[];
  /** The first and the last position that it took, rejections' events included. */
  readonly first: bigint;
  readonly last: bigint;
  /** Those of these names that stand at a position, with their rows: a worker that has one at this moment keeps it. */
  takeInline(names: readonly string[], position: bigint): Promise<InlineBuild[]>;
  /** Those of these names that stand before a position, without their rows: they are for workers to catch up. */
  inlineBefore(names: readonly string[], position: bigint): Promise<InlineBuild[]>;
  /** Whether no event of a query stands past `after`, up to `to`. */
  isFree(query: EventQuery, after: bigint, to: bigint): Promise<boolean>;
  /** As `BuildTransaction.write`, in a build's schema. */
  write<T>(schemaName: string, work: (run: RunSql) => Promise<T>, timeoutMs?: number): Promise<T>;
  /** Moves one that was taken to a position that this call took. Errors: `database-failed` where it does not stand as taken. */
  move(build: InlineBuild, to: bigint): Promise<void>;
}

/** What is done in an append's transaction. Where it throws, nothing of the call is recorded, and the call throws it. */
export type WithinAppend = (transaction: AppendTransaction) => Promise<void>;
