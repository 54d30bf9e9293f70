export { type ChainOutcome, type GroupedAppends, type GroupOptions, groupAppends } from "./group-appends.ts";
export { type MemoryStoreOptions, openMemoryStore } from "./memory/open-memory-store.ts";
export type {
  AccessScope,
  AppendCondition,
  AppendOutcome,
  AppendRequest,
  CommandRecord,
  EventFilter,
  EventQuery,
  EventStore,
  ExpectedVersion,
  KeptSchema,
  LedgerRecord,
  Look,
  NewEvent,
  QueryItem,
  ReadAllOptions,
  ReadStreamOptions,
  RecordedEvent,
  RefusalCode,
  RequestRejection,
  StoredEvent,
  Watermarks,
} from "./port.ts";
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
export { openPostgresStore, type PostgresStore, type PostgresStoreOptions } from "./postgres/open-postgres-store.ts";
export { type LedgerHead, readHeads } from "./postgres/read-heads.ts";
export { checkQuery, intersectQueries, MAX_QUERY_ITEMS, matchesQuery } from "./query.ts";
