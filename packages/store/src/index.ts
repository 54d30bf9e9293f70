export { untilAborted } from "./abort.ts";
export {
  type CheckpointMove,
  type CheckpointStore,
  checkCheckpointName,
  type MoveOutcome,
  type StoredCursor,
} from "./checkpoints.ts";
export { type ChainOutcome, type GroupedAppends, type GroupOptions, groupAppends } from "./group-appends.ts";
export { openMemoryCheckpoints } from "./memory/open-memory-checkpoints.ts";
export { type MemoryStore, type MemoryStoreOptions, openMemoryStore } from "./memory/open-memory-store.ts";
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
export { openPostgresCheckpoints } from "./postgres/checkpoints/open-postgres-checkpoints.ts";
export { openPostgresHandlers } from "./postgres/handlers/open-postgres-handlers.ts";
export type {
  HandlerRow,
  HandlerStore,
  HandlerSwitchOutcome,
  HandlerSwitchRequest,
} from "./postgres/handlers/port.ts";
export {
  decodeEventRow,
  EVENT_COLUMN,
  type EventRows,
  POSTGRES_EPOCH_MICROS,
  placeOf,
} from "./postgres/log/event-rows.ts";
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
export {
  compareWithLive,
  type LiveBuild,
  type LiveComparison,
  type TableComparison,
  type TableRow,
} from "./postgres/projections/compare-with-live.ts";
export { openPostgresProjections } from "./postgres/projections/open-postgres-projections.ts";
export { isOwnStatement } from "./postgres/projections/own-statement.ts";
export type {
  AppendTransaction,
  BuildDraft,
  BuildRecord,
  BuildTransaction,
  DeadLetter,
  DescribedRelation,
  EventPage,
  InlineBuild,
  ListedBuild,
  PageEvent,
  PageRequest,
  ProjectionRecord,
  ProjectionStore,
  RunSql,
  ScratchTransaction,
  WithinAppend,
} from "./postgres/projections/port.ts";
export { openPostgresReactions } from "./postgres/reactions/open-postgres-reactions.ts";
export type {
  DeadTasks,
  LeasedTask,
  NewReactionTask,
  PutOff,
  ReactionLevel,
  ReactionStatusRow,
  ReactionStore,
  ReactionSurvey,
  ReactionTaskRow,
  TakeIn,
  TakeTasks,
} from "./postgres/reactions/port.ts";
export { type LedgerHead, readHeads } from "./postgres/read-heads.ts";
export type { SnapshotCursor, SnapshotCursors, SnapshotRound } from "./postgres/snapshots/cursor-port.ts";
export { openPostgresSnapshotCursors } from "./postgres/snapshots/open-postgres-cursors.ts";
export { openPostgresSnapshots } from "./postgres/snapshots/open-postgres-snapshots.ts";
export type {
  NewSnapshot,
  SnapshotOutcome,
  SnapshotStore,
  SnapshotWanted,
  StoredSnapshot,
  SystemEvent,
} from "./postgres/snapshots/port.ts";
export { openPostgresTroubles } from "./postgres/troubles/open-postgres-troubles.ts";
export type { TroubleRow, TroubleState, TroubleStore } from "./postgres/troubles/port.ts";
export { checkQuery, intersectQueries, MAX_QUERY_ITEMS, matchesQuery } from "./query.ts";
