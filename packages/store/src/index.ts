import type pg from "pg";
import type { AppendOutcome, AppendRequest, EventStore } from "./port.ts";

export type {
  AppendOutcome,
  AppendRequest,
  CommandRecord,
  EventFilter,
  EventStore,
  ExpectedVersion,
  LedgerRecord,
  NewEvent,
  ReadAllOptions,
  ReadStreamOptions,
  RecordedEvent,
  RefusalCode,
  StoredEvent,
  Watermarks,
} from "./port.ts";

export type PostgresStoreOptions = { pool: pg.Pool } | { connectionString: string; maxConnections?: number };
export interface PostgresStore extends EventStore {
  readonly pool: pg.Pool;
}
export declare function openPostgresStore(options: PostgresStoreOptions): PostgresStore;
export interface GroupOptions {
  maxEvents?: number;
  maxBytes?: number;
  maxRequests?: number;
}
export interface GroupedAppends {
  append(ledgerId: bigint, request: AppendRequest, options?: { signal?: AbortSignal }): Promise<AppendOutcome>;
  drain(): Promise<void>;
}
export declare function groupAppends(store: Pick<EventStore, "append">, options?: GroupOptions): GroupedAppends;
export { openPostgresLog } from "./postgres/log/open-postgres-log.ts";
export type {
  AlarmCode,
  AlarmRecord,
  AnchorDraft,
  AnchorFacts,
  AnchorRecord,
  AnchorState,
  LedgerContract,
  LogStore,
  MinedFacts,
  SealTransaction,
  SignedAnchor,
  StoredCheckpoint,
} from "./postgres/log/port.ts";
export { FINAL_CHANNEL, SEALED_CHANNEL } from "./postgres/log/port.ts";
export { mapDatabaseError } from "./postgres/map-database-error.ts";
export { migrate } from "./postgres/migrate.ts";
