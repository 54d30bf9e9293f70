import type { LedgerError } from "@eventchain/core";
import type {
  AnyCommand,
  CommandInput,
  CommandReceipt,
  Context,
  ExecuteOptions,
  RejectionCode,
} from "../commands/types.ts";
import type { AnyEventDefinition, EventDefinition } from "../events/types.ts";
import type { AnyModel, Model } from "../models/types.ts";
import type { ProjectedEvent } from "../projections/types.ts";
import type { Level } from "../subscribe/types.ts";
import type { LedgerEvent, LedgerReads } from "../types.ts";

/**
 * How often a failed run is made again, and when: `firstMs`, then `factor` times longer each time, at most `maxMs`, spread
 * by a quarter. A LedgerError whose value `retryAfterMs` asks for longer gets that, `maxMs` at most.
 */
export interface RetryPolicy {
  /** Runs in all, before the task is a dead letter. Default 10. */
  readonly attempts?: number | undefined;
  /** Default 1,000. */
  readonly firstMs?: number | undefined;
  /** Default 2. */
  readonly factor?: number | undefined;
  /** Default 3,600,000 (an hour). */
  readonly maxMs?: number | undefined;
}

/** What a reaction's run is given beside the event. */
export interface ReactionContext<State = undefined> {
  /**
   * The same for each run of the same reaction, event and handler: give it to whatever is called outside, so that a call
   * that is made twice has one effect. 64 hex digits.
   */
  readonly idempotencyKey: string;
  /** 1 for the first run. */
  readonly attempt: number;
  /** Of the reaction's model, where it has one: of an event, as of that event; of a time-out, as of now. */
  readonly state: State;
  /**
   * Issues a command, exactly once: its id follows from reaction, event, handler and how many commands without a `key` this
   * run issued before it, or from `key`. It is caused by the event, and has its correlation id (or its id). Default actor:
   * `reaction:<name>`. A rejection is returned, not thrown.
   * Errors: as `Ledger.execute`; `command-id-reused` where an earlier run issued another command, or other input, in its
   * place; `aborted` where the run is over.
   */
  execute<C extends AnyCommand>(
    command: C,
    input: CommandInput<C>,
    options?: Omit<ExecuteOptions, "actor" | "commandId" | "causationId"> & {
      readonly actor?: ExecuteOptions["actor"] | undefined;
      readonly key?: string | undefined;
    },
  ): Promise<CommandReceipt<RejectionCode<C>>>;
  readonly ledger: LedgerReads;
  /** Aborted where the worker stops, or the task's time is over. */
  readonly signal: AbortSignal;
}

export interface ReactionSpec<State> {
  /** Which entities: pure, of the event alone. Default: all. */
  readonly where?: ((event: ProjectedEvent) => boolean) | undefined;
  /**
   * Where a new reaction begins: with events appended from now on, that is, since the first round of a worker that has it
   * in its config; or with the first. Default "now".
   */
  readonly from?: "now" | "start" | undefined;
  /**
   * "stream": a stream's events one after the other; a failed one, a dead letter too, holds up those after it. Time-outs
   * hold up nothing, but no two runs of one stream are made at the same time. Default "none".
   */
  readonly order?: "stream" | "none" | undefined;
  /** Default "appended". */
  readonly level?: Level | undefined;
  readonly retry?: RetryPolicy | undefined;
  /** How long one run may take, in milliseconds; then it counts as failed. Default 30,000. */
  readonly timeoutMs?: number | undefined;
  /** A model of its own, for a process manager: its state is read for each run. */
  readonly model?: Model<State> | undefined;
  /** Where the model's events are. Default: the event's stream. */
  readonly context?: ((event: ProjectedEvent) => Context) | undefined;
  readonly describe?: string | undefined;
}

/** Says when a time-out is due: so long after the event was recorded, or at an instant that the event names. */
export type Timeout<Event> = { readonly afterMs: number } | { readonly at: (event: Event) => string | Date };

// biome-ignore lint/suspicious/noConfusingVoidType: one that gives nothing back is a run too
type Run<Event, State> = (event: Event, context: ReactionContext<State>) => Promise<unknown> | void;

/** What is done because of events. Each `on` and `onTimeout` gives a new one. */
export interface Reaction<State = undefined> {
  readonly kind: "reaction";
  /** 1 to 100 characters `a-z 0-9 -`, beginning with a letter. */
  readonly name: string;
  readonly where: (event: ProjectedEvent) => boolean;
  readonly from: "now" | "start";
  readonly order: "stream" | "none";
  readonly level: Level;
  readonly retry: { readonly [Key in keyof RetryPolicy]-?: number };
  readonly timeoutMs: number;
  readonly model: AnyModel | undefined;
  readonly context: ((event: ProjectedEvent) => Context) | undefined;
  readonly description: string | undefined;
  /** What it reacts on, each once. */
  readonly events: readonly AnyEventDefinition[];
  /** By its name: `on:<type>`, `timeout:<type>`, `any`. */
  readonly handlers: ReadonlyMap<string, ReactionHandler>;
  on<Type extends string, Data>(
    // biome-ignore lint/suspicious/noExplicitAny: what an event is made from is nothing to the reaction
    event: EventDefinition<Type, Data, any>,
    run: Run<ProjectedEvent<Type, Data>, State>,
  ): Reaction<State>;
  /** Reacts on every event but the ledger's own, as it is read: its data as it was stored, null after erasure. Once, and with no `on`. */
  onAny(run: Run<LedgerEvent, State>): Reaction<State>;
  /**
   * Runs when time has passed since an event, whatever has happened meanwhile: the run, with the model's state as of then,
   * says whether it still matters.
   */
  onTimeout<Type extends string, Data>(
    // biome-ignore lint/suspicious/noExplicitAny: as above
    event: EventDefinition<Type, Data, any>,
    when: Timeout<ProjectedEvent<Type, Data>>,
    run: Run<ProjectedEvent<Type, Data>, State>,
  ): Reaction<State>;
}

export interface ReactionHandler {
  /** Null: any type at all, the ledger's own excepted; its data is as it was stored. */
  readonly event: AnyEventDefinition | null;
  /** Null: at once. */
  readonly timeout: Timeout<ProjectedEvent> | null;
  // biome-ignore lint/suspicious/noExplicitAny: each handler takes its own event and state
  readonly run: Run<any, any>;
}

// biome-ignore lint/suspicious/noExplicitAny: any reaction at all
export type AnyReaction = Reaction<any>;

/** One run of a reaction that has not come to its end. */
export interface ReactionTask {
  readonly reaction: string;
  readonly position: bigint;
  /** `on:<type>`, `timeout:<type>` or `any`. */
  readonly handler: string;
  readonly stream: string;
  readonly state: "waiting" | "running" | "dead";
  readonly attempts: number;
  /** Microseconds since 1970-01-01 UTC: when it is due next. */
  readonly dueAtMicros: bigint;
  /** What the last run failed with, without what the outside said in confidence: its message, at most 1,000 characters. */
  readonly error: string | null;
}

/** Which tasks are listed. */
export interface ReactionTasksOptions {
  /** Default: of all. */
  readonly reaction?: string | undefined;
  /** Default: of all. */
  readonly state?: ReactionTask["state"] | undefined;
  /** At most so many. Default: all. */
  readonly limit?: number | undefined;
}

/** Which dead tasks of a reaction are meant: those of an event, those of a handler; default: all. */
export interface DeadTaskOptions {
  readonly reaction: string;
  readonly position?: bigint | undefined;
  /** `on:<type>`, `timeout:<type>` or `any`. */
  readonly handler?: string | undefined;
}

/** How a reaction stands. */
export interface ReactionStatus {
  readonly name: string;
  readonly state: "on" | "off";
  /** Events up to here have their tasks. */
  readonly position: bigint;
  readonly waiting: bigint;
  readonly dead: bigint;
  /** Why it stopped; null while it goes on. */
  readonly reason: string | null;
}

/** Thrown by a run to say that no retry will help: the task is a dead letter at once. Code `reaction-failed`, not retryable. */
export type GiveUp = (reason: string) => LedgerError;
