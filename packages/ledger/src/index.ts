export { type AccessItem, defineAccess } from "./access/define-access.ts";
export { hiddenCause } from "./access/hide-failure.ts";
export type { Access } from "./access/types.ts";
export { DEFAULT_RELATED_EVENTS } from "./audit/find-related.ts";
export type { AuditOptions, Related, RelatedNode, RelatedOptions } from "./audit/types.ts";
export { DEFAULT_FINAL_TIMEOUT_MS } from "./await-position.ts";
export { anyOf, hasClaim, hasRole } from "./commands/allow.ts";
export { defineCommand } from "./commands/define-command.ts";
export { type DescribeOptions, describeCommands } from "./commands/describe-commands.ts";
export { type ContextItem, query, stream } from "./commands/make-context.ts";
export { deny, reject } from "./commands/reject.ts";
export { DEFAULT_MAX_ATTEMPTS } from "./commands/start-execution.ts";
export type {
  Actor,
  Allowance,
  AnyCommand,
  Command,
  CommandInput,
  CommandReceipt,
  CommandSpec,
  Context,
  ContextsFor,
  DecideInput,
  Decision,
  EventOfCommand,
  ExecuteOptions,
  KnownActor,
  NotAllowed,
  Rejected,
  Rejection,
  RejectionCode,
} from "./commands/types.ts";
export { type ConnectOptions, connect } from "./connect.ts";
export { defineConfig } from "./define-config.ts";
export { collectDefinitions } from "./events/collect-definitions.ts";
export { defineEvent } from "./events/define-event.ts";
export { type EventSchema, listSchemas } from "./events/list-schemas.ts";
export type {
  AnyEventDefinition,
  AnySchema,
  DataOf,
  DataSchema,
  DomainEvent,
  DomainEventOptions,
  EventDefinition,
  EventOf,
  EventSpec,
  InputOf,
  OutputOf,
  SchemaIssue,
} from "./events/types.ts";
export { type CollectedHandlers, collectHandlers } from "./handlers/collect-handlers.ts";
export type {
  AppConfig,
  CustomerConfig,
  HandlerDefinitions,
  HandlerKind,
  HandlerStatus,
  HandlerSwitch,
  SwitchOptions,
  SwitchReceipt,
} from "./handlers/types.ts";
export { stateAt } from "./make-receipt.ts";
export { collectModels } from "./models/collect-models.ts";
export { defineModel } from "./models/define-model.ts";
export type { AnyModel, Model, ModelEvent, ModelSpec, Models, StateOf, StatesOf } from "./models/types.ts";
export { formatInstant, type Instant, parseInstant } from "./parse-instant.ts";
export { checkAppend } from "./prepare-append.ts";
export { DEFAULT_PROJECTED_TIMEOUT_MS } from "./projections/await-projected.ts";
export {
  type CheckedProjection,
  type CheckProjectionDeps,
  checkProjection,
  type RowDifference,
} from "./projections/check-projection.ts";
export { defineProjection } from "./projections/define-projection.ts";
export { type DescribeProjectionsOptions, describeProjections } from "./projections/describe-projections.ts";
export { dropRetired } from "./projections/drop-retired.ts";
export { type ProjectReport, projectOnce } from "./projections/project-once.ts";
export {
  cancelReplay,
  type Replayed,
  type ReplayOptions,
  replayProjection,
} from "./projections/replay-projection.ts";
export type {
  ModelProjectionSpec,
  OnError,
  ProjectedEvent,
  ProjectedEventOf,
  Projection,
  ProjectionDb,
  ProjectionDeadLetter,
  ProjectionStatus,
  TableProjectionSpec,
} from "./projections/types.ts";
export { DEFAULT_RETRY, DEFAULT_RUN_TIMEOUT_MS, defineReaction } from "./reactions/define-reaction.ts";
export { giveUp, isGivenUp } from "./reactions/give-up.ts";
export type {
  AnyReaction,
  DeadTaskOptions,
  Reaction,
  ReactionContext,
  ReactionHandler,
  ReactionSpec,
  ReactionStatus,
  ReactionTask,
  ReactionTasksOptions,
  RetryPolicy,
  Timeout,
} from "./reactions/types.ts";
export { defineSnapshots } from "./snapshots/define-snapshots.ts";
export {
  type ReplayedSnapshots,
  type ReplaySnapshotsDeps,
  replaySnapshots,
  type UnfoundedSnapshot,
} from "./snapshots/replay-snapshots.ts";
export type { Report, SnapshotProblem } from "./snapshots/report.ts";
export { type DigestedRow, type RowsDigest, rowsDigest } from "./snapshots/rows-digest.ts";
export { type SnapshotOnce, type SnapshotOnceDeps, snapshotOnce } from "./snapshots/snapshot-once.ts";
export type {
  At,
  ModelProjection,
  ModelSnapshotRule,
  ProjectionSnapshotRule,
  ProjectionSnapshotSpec,
  SnapshotDue,
  SnapshotListed,
  SnapshotRule,
  SnapshotSpec,
  SnapshotTaken,
  StateAt,
  StateChange,
  StateDiff,
  StateOptions,
} from "./snapshots/types.ts";
export { DEFAULT_READ_AHEAD } from "./subscribe/check-subscription.ts";
export type { Cursor, Level, SubscribeOptions, Subscription } from "./subscribe/types.ts";
export { type Head, type HeadWatch, watchHead } from "./subscribe/watch-head.ts";
export type {
  Alarm,
  AnchorSummary,
  AppendOptions,
  AppendReceipt,
  Connection,
  CountOptions,
  CoveringAnchor,
  Definitions,
  EventInput,
  EventState,
  Expect,
  FinalResult,
  HandlerSummary,
  JsonObject,
  Ledger,
  LedgerEvent,
  LedgerOptions,
  LedgerReads,
  LedgerStatus,
  LedgerView,
  ReadAllOptions,
  ReadOptions,
  Receipt,
  ReceiptEvent,
  RequiredKey,
  WaitOptions,
} from "./types.ts";
