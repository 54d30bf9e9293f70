import type { ProofBundle } from "@eventchain/core";
import type { EventQuery, Watermarks } from "@eventchain/store";
import type { Access } from "./access/types.ts";
import type { AuditOptions, Related, RelatedOptions } from "./audit/types.ts";
import type {
  Actor,
  AnyCommand,
  CommandInput,
  CommandReceipt,
  Context,
  ExecuteOptions,
  KnownActor,
  Rejection,
  RejectionCode,
} from "./commands/types.ts";
import type { AnyEventDefinition } from "./events/types.ts";
import type { AppConfig, HandlerStatus, SwitchOptions, SwitchReceipt } from "./handlers/types.ts";
import type { AnyModel, Model } from "./models/types.ts";
import type { Projection, ProjectionDb, ProjectionDeadLetter, ProjectionStatus } from "./projections/types.ts";
import type {
  AnyReaction,
  DeadTaskOptions,
  ReactionStatus,
  ReactionTask,
  ReactionTasksOptions,
} from "./reactions/types.ts";
import type {
  At,
  SnapshotListed,
  SnapshotRule,
  SnapshotTaken,
  StateAt,
  StateDiff,
  StateOptions,
} from "./snapshots/types.ts";
import type { LedgerStatus } from "./status-types.ts";
import type { SubscribeOptions, Subscription } from "./subscribe/types.ts";
import type {
  AppendOptions,
  AppendReceipt,
  CountOptions,
  EventInput,
  FinalResult,
  LedgerEvent,
  ReadAllOptions,
  ReadOptions,
  Receipt,
} from "./types.ts";

/** The reads of a ledger: of all of it, or of what an actor may see. */
export interface LedgerReads {
  readonly origin: string;
  /** A stream's events, oldest first unless `backwards`. A stream without events is empty, not an error. */
  readStream(stream: string, options?: ReadOptions): AsyncIterable<LedgerEvent>;
  /** The ledger's events, oldest first unless `backwards`. */
  readAll(options?: ReadAllOptions): AsyncIterable<LedgerEvent>;
  /** The events that meet a query. */
  query(query: EventQuery, options?: Omit<ReadAllOptions, "query">): AsyncIterable<LedgerEvent>;
  /** How many events meet a query and a filter. */
  count(options?: CountOptions): Promise<bigint>;
  /**
   * Events from a position on, then live as they come: `for await (const event of ledger.subscribe())`. What is wrong with
   * the options is thrown by the call (LedgerError `invalid-argument`, `invalid-name`, `too-large`). A step's errors:
   * `forked` where the event that it stands at is not in the history any more; `aborted`; and those of the database that
   * cannot pass: while it is away, the step waits.
   */
  subscribe(options?: SubscribeOptions): Subscription;
  /** Who did what, by user, address, entity, correlation and time: each by an index. */
  audit(options?: AuditOptions): AsyncIterable<LedgerEvent>;
  /**
   * The tree of causes and effects around an event.
   * Errors: LedgerError `not-found`, also where the event may not be seen.
   */
  related(eventId: string, options?: RelatedOptions): Promise<Related>;
  /**
   * A model's state over a stream (a text names one), or a query: now, or at a point in time. Read from a snapshot on
   * where there is one that can be used; the answer is the same.
   * Errors: LedgerError `not-found` for a version or position that is not there, or may not be seen.
   */
  state<State>(model: Model<State>, context: string | Context, options?: StateOptions): Promise<State>;
  /** As `state`, with the position and version that it is the state of. */
  stateAt<State>(model: Model<State>, context: string | Context, options?: StateOptions): Promise<StateAt<State>>;
  /** What the states at two points differ in. `to`: default now. Errors: as `state`. */
  diff<State>(
    model: Model<State>,
    context: string | Context,
    options: { readonly from: At; readonly to?: At | undefined; readonly snapshots?: boolean | undefined },
  ): Promise<StateDiff<State>>;
  /** What became of a command id; undefined where it was never recorded, or may not be seen. */
  receipt(commandId: string): Promise<Receipt | Rejection | undefined>;
  /**
   * The file that proves one event to a stranger; its `anchor` is null while the event is not final.
   * By position, id, or an event of a receipt or a read.
   * Errors: LedgerError `not-found`, also where the event may not be seen; `not-sealed`; `tampered` where the log's own
   * tiles do not fit its checkpoint.
   */
  prove(
    event: bigint | string | { position: bigint },
    options?: { withoutMetadata?: boolean | undefined },
  ): Promise<ProofBundle>;
}

/** A ledger as one actor has it: what the ledger's access hides is as if it were not there. */
export interface LedgerView extends LedgerReads {
  readonly actor: KnownActor;
  /**
   * As `Ledger.execute`. A decision sees all that it depends on; the events of a `ConflictError` are the visible ones, and
   * a decision that fails says no more than its code: `hiddenCause(error)` gives the operator's log the rest. What the
   * command itself says, in a rejection's reason or in the events that it records, is the application's own to keep clean.
   */
  execute<C extends AnyCommand>(
    command: C,
    input: CommandInput<C>,
    options?: Omit<ExecuteOptions, "actor">,
  ): Promise<CommandReceipt<RejectionCode<C>>>;
}

/** One ledger of a database. Its own reads see everything: `as` is for whoever acts for somebody. */
export interface Ledger extends LedgerReads {
  /**
   * Appends one event, or several together or not at all, to one stream. Appends of all callers of a connection that
   * wait at the same time are sent as one group, in the order of the calls. Data of a type that the ledger was opened
   * with is checked against its schema.
   * Errors: `ConflictError`; LedgerError `command-id-reused`, `aborted`, `ledger-halted`, `invalid-*` or `too-large`
   * for input, `schema-changed`, `database-*`.
   */
  append(stream: string, events: EventInput | readonly EventInput[], options?: AppendOptions): Promise<AppendReceipt>;
  /**
   * Query → replay → model → check → decide → record. The same command id again, with the same input by the same actor,
   * returns an equal receipt and records nothing, whatever the command's schema, `allow`, context or model say by now.
   * Commands on one context in one process are decided one after the other
   * in memory and recorded as one group.
   * Errors: LedgerError `invalid-input` (names each path), `command-id-reused`, `decision-failed`, `invalid-event`,
   * `upcast-failed`, `unknown-event`, `schema-changed`, `aborted`, `ledger-halted`, `database-*`; `ConflictError` after
   * `maxAttempts` decisions: its `values.events` are the events in the way (position, type, stream, id), all of them: what
   * this throws is for whoever may see the whole ledger. `as(actor).execute` tells its actor no more than that may see.
   */
  execute<C extends AnyCommand>(
    command: C,
    input: CommandInput<C>,
    options: ExecuteOptions,
  ): Promise<CommandReceipt<RejectionCode<C>>>;
  /**
   * Takes a snapshot of what a model makes of a stream now; without a stream, of the query that the ledger's snapshots of
   * the model are of. Where its branch has one at this position already, that is given.
   * Errors: LedgerError `invalid-value` where the state is not canonical JSON, with the path; `not-found` where there is no
   * event yet; `config-invalid` where neither a stream nor one rule says what of.
   */
  snapshot(model: AnyModel, stream?: string | undefined): Promise<SnapshotTaken>;
  /**
   * Commits to the rows of a projection that is a model, by its name or itself, as they are now: a snapshot in the branch
   * `projection:<name>` whose state is the rows' digest and count (`rowsDigest`).
   * Errors: LedgerError `not-found` where the ledger was opened without it, it is not built yet, or has handled no event;
   * `invalid-argument` for one that is no model.
   */
  snapshotProjection(projection: string | Projection): Promise<SnapshotTaken>;
  /** The snapshots, or those of one branch, by branch (bytewise) and position, and whether each can be used. */
  snapshots(branch?: string | undefined): AsyncIterable<SnapshotListed>;
  /** The ledger as this actor may see it. Errors: LedgerError `config-invalid` where it was opened without `access`. */
  as(actor: Actor | string): LedgerView;
  /** All handlers that the ledger's database knows, and how they stand, by name (bytewise). */
  handlers(): Promise<HandlerStatus[]>;
  /**
   * Switches a handler on or off, without a deployment: recorded as a `$HandlerSwitched` event. One that is off stays where
   * it is, and goes on from there once it is on again. Errors: LedgerError `not-found` for a name that neither this ledger
   * nor its database knows, `invalid-argument`, `invalid-name`, `ledger-halted`, `database-*`.
   */
  switchHandler(handler: string, enabled: boolean, options: SwitchOptions): Promise<SwitchReceipt>;
  /** Every reaction that a worker ever began on this ledger, by name (bytewise), also one that no app has any more. */
  reactions(): Promise<ReactionStatus[]>;
  /** Runs of reactions that have not come to their end, by reaction, position and handler: "dead" ones are the dead letters. */
  reactionTasks(options?: ReactionTasksOptions): AsyncIterable<ReactionTask>;
  /**
   * Lets dead letters be run again, as if never run, and gives how many. Whoever calls it works as `eventchain_handler`.
   * Errors: LedgerError `not-found` for a reaction that never began, `invalid-argument`, `database-*`.
   */
  retryReaction(which: DeadTaskOptions): Promise<number>;
  /** Gives the dead letters of one event up for good, and gives how many. Errors: as `retryReaction`. */
  dropReactionTask(which: DeadTaskOptions & { readonly position: bigint }): Promise<number>;
  /** How its projections stand, by name (bytewise): those that the database knows, and those it was opened with. */
  projections(): Promise<ProjectionStatus[]>;
  /**
   * Lets a projection that stopped go on, from where it stopped. False: it had not stopped. Whoever calls it works as
   * `eventchain_handler`.
   */
  retryProjection(name: string): Promise<boolean>;
  /** The events that a projection passed over because its handler failed, by position. */
  projectionDeadLetters(name: string): Promise<ProjectionDeadLetter[]>;
  /**
   * One statement that only reads the projections' tables, under their plain names: `select count(*) from open_tickets`.
   * What it finds is as new as the projections are; values are decoded as a handler's. For reports and pages of the
   * application: access rules do not apply. Errors: LedgerError `database-failed` with what the database says.
   */
  readProjections<Row extends object = Record<string, unknown>>(
    text: string,
    values?: readonly unknown[],
  ): Promise<Row[]>;
  /**
   * What `read` finds in a projection's tables as they were at a position or a time: made anew from the events up to there,
   * in a transaction of its own that is rolled back. It costs a replay, and touches nothing.
   * Errors: LedgerError `not-found` for a point past the newest event, `projection-failed`, `invalid-argument`.
   */
  projectionAt<T>(projection: Projection, at: At, read: (db: ProjectionDb) => Promise<T>): Promise<T>;
  /**
   * What of a projection differs between two points: of what `read` finds in its tables at each, which is JSON. Default, of
   * one that is a model: its states by key. Errors: as `projectionAt`.
   */
  diffProjection<T = Readonly<Record<string, unknown>>>(
    projection: Projection,
    between: { readonly from: At; readonly to: At },
    read?: (db: ProjectionDb) => Promise<T>,
  ): Promise<StateDiff<T>>;
  /** How far the ledger is sealed, anchored and final. */
  watermarks(): Promise<Watermarks>;
  status(): Promise<LedgerStatus>;
  /**
   * Resolves when a position, which may still be ahead, is final. `timeoutMs`: default 60,000.
   * Errors: LedgerError `timeout`, `aborted`, or what the database answers.
   */
  awaitPosition(
    position: bigint,
    options?: { timeoutMs?: number | undefined; signal?: AbortSignal | undefined },
  ): Promise<FinalResult>;
}

/** Definitions in a list, or a module that exports them (`import * as tickets`); other exports are passed over. */
export type Definitions<T> =
  | readonly T[]
  // A list of anything else would be an object of anything too.
  | (Readonly<Record<string, unknown>> & { readonly [Symbol.iterator]?: never });

/** Keys of metadata that a ledger can require of whoever appends. */
export type RequiredKey = "actor" | "ip" | "userAgent" | "reason" | "correlationId" | "causationId";

/** How an app opens a ledger. */
export interface LedgerOptions {
  /** Beside those that the commands' models and records name. */
  readonly events?: Definitions<AnyEventDefinition> | undefined;
  readonly commands?: Definitions<AnyCommand> | undefined;
  /** Beside those of the commands, projections and snapshots: what `state` can be asked for by name. */
  readonly models?: Definitions<AnyModel> | undefined;
  /** Inline ones are kept by this ledger's appends; async ones by a worker, and known here by their names. */
  readonly projections?: Definitions<Projection> | undefined;
  /** When snapshots of models are taken, and so where reading a state may start. */
  readonly snapshots?: Definitions<SnapshotRule> | undefined;
  /** Run by a worker; known here by their names. */
  readonly reactions?: Definitions<AnyReaction> | undefined;
  /** Who may see which events: `defineAccess`. */
  readonly access?: Access | undefined;
  /** Lets Postgres's row-level security check each row of a view's reads as well. Default false. */
  readonly rowSecurity?: boolean | undefined;
  /** Records each rejection as a `$CommandRejected` event too. Default false. */
  readonly recordRejections?: boolean | undefined;
  /** Metadata that each append and command must give. Default: none. */
  readonly require?: readonly RequiredKey[] | undefined;
}

/** A database of ledgers. One pool of connections serves them all. */
export interface Connection extends AsyncDisposable {
  /**
   * Opens a ledger with what an app has for it; a config's `ledgers` are the worker's matter.
   * Errors: LedgerError `ledger-not-found`; `schema-changed` where an event's schema is not the one that its version was
   * first used with; `config-invalid` where one type has two definitions.
   */
  ledger(origin: string, options?: LedgerOptions | AppConfig): Promise<Ledger>;
  /** The origins of its ledgers, in the order they were created. */
  ledgers(): Promise<string[]>;
  /**
   * From now on each verb of it, of its ledgers, views and receipts, and each further step of an iteration is refused
   * (LedgerError `aborted`). What had started is waited for, but for what waits for final, which ends (`aborted`); then the
   * pool is closed, if it is its own.
   */
  close(): Promise<void>;
}
