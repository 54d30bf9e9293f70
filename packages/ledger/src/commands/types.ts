import type { AnyEventDefinition, AnySchema, DataSchema, DomainEvent, EventOf, OutputOf } from "../events/types.ts";
import type { AnyModel, Models, StatesOf } from "../models/types.ts";
import type { Receipt } from "../types.ts";

/** Who acts. `id` becomes metadata's `actor`. */
export interface Actor {
  /** 1 to 512 bytes of UTF-8. */
  readonly id: string;
  /** Default: none. */
  readonly roles?: readonly string[] | undefined;
  /** Plain objects and lists in it are copied when the call is made; anything else is kept as it is. Default: none. */
  readonly claims?: Readonly<Record<string, unknown>> | undefined;
}

/** An actor with nothing left out. */
export type KnownActor = { readonly [Key in keyof Actor]-?: NonNullable<Actor[Key]> };

/** What a decision depends on: one stream as a whole, or the events that meet a query. */
export type Context =
  | { readonly kind: "stream"; readonly stream: string }
  | {
      readonly kind: "query";
      readonly items: readonly { readonly types?: readonly string[]; readonly tags?: readonly string[] }[];
    };

/** A context for each model, under the same names; undefined: the decision does not depend on it, its state is the initial. */
export type ContextsFor<M extends Models> = M extends AnyModel
  ? Context
  : { readonly [Name in keyof M]: Context | undefined };

/** A decision against a command, or a denial of it. */
export interface Rejected<Code extends string = string> {
  readonly kind: "rejected";
  readonly code: Code;
  /** Instead of the command's own sentence for the code. */
  readonly reason: string | undefined;
}

/** The code of a command that its `allow` denies, or its `authorize` by false. */
export type NotAllowed = "not-allowed";

/** What `decide` may give: at least one of the command's events, or a rejection with one of its codes. */
export type Decision<Event, Code extends string> = Event | readonly Event[] | Rejected<Code>;

/** Who may issue a command at all: looked at before anything is read. */
export interface Allowance {
  (actor: KnownActor): boolean;
  /** For the generated documentation: "role agent". */
  readonly describe: string;
}

export interface DecideInput<Input, M extends Models> {
  readonly input: Input;
  /** The state of the model, or of each of them. */
  readonly model: StatesOf<M>;
  readonly actor: KnownActor;
  /** Milliseconds since 1970-01-01 UTC by the ledger's clock. */
  readonly nowMs: bigint;
}

/** What `defineCommand` takes beside the name. */
export interface CommandSpec<
  Schema extends AnySchema,
  M extends Models,
  Records extends readonly AnyEventDefinition[],
  Rejects extends Readonly<Record<string, string>>,
> {
  /** Of the input, which must be JSON. */
  readonly input: Schema;
  readonly model: M;
  /**
   * Pure: where the decision's events are. With several models: one context for each, under the same names, or undefined
   * where this input does not depend on that model.
   */
  readonly context: (input: OutputOf<Schema>, actor: KnownActor) => ContextsFor<M>;
  /** The events that it may record. */
  readonly records: Records;
  /**
   * The rules that it checks: a stable code for each, and what is said where it does not hold. Default: none, and then it
   * rejects nothing.
   */
  readonly rejects?: Rejects | undefined;
  /** Default: everybody. */
  readonly allow?: Allowance | undefined;
  /** Whether this actor may do it to this entity: true, false (code `not-allowed`) or a denial. Default: true. */
  readonly authorize?:
    | ((given: DecideInput<OutputOf<Schema>, M>) => boolean | Rejected<NoInfer<keyof Rejects & string>>)
    | undefined;
  /**
   * Pure and synchronous: asked again, on fresh events, after a conflict. What it throws is LedgerError `decision-failed`.
   */
  readonly decide: (
    given: DecideInput<OutputOf<Schema>, M>,
  ) => Decision<EventOf<Records[number]>, NoInfer<keyof Rejects & string>>;
  /** One sentence for the generated documentation. */
  readonly describe?: string | undefined;
}

/** A command as `execute` takes it. `Input`: what its schema takes; `Code`: its rejections; `Event`: what it records. */
export interface Command<Name extends string, Input, Code extends string, Event extends DomainEvent = DomainEvent> {
  readonly kind: "command";
  readonly name: Name;
  readonly description: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: what the schema gives is between it and `decide`
  readonly input: DataSchema<any, Input>;
  /** By name; a command with one model has it under "". */
  readonly models: ReadonlyMap<string, AnyModel>;
  readonly context: (input: unknown, actor: KnownActor) => ReadonlyMap<string, Context>;
  readonly records: readonly AnyEventDefinition[];
  readonly rejects: ReadonlyMap<string, string>;
  readonly allow: Allowance | undefined;
  readonly authorize: (given: DecideInput<unknown, Models>) => boolean | Rejected;
  readonly decide: (given: DecideInput<unknown, Models>) => Decision<DomainEvent, string>;
  /** Holds no value: it carries the type of the codes. */
  readonly code?: Code;
  /** Holds no value: it carries the type of the events. */
  readonly event?: Event;
}

// biome-ignore lint/suspicious/noExplicitAny: any command at all
export type AnyCommand = Command<string, any, string>;

/** What a command is given. */
export type CommandInput<C extends AnyCommand> = C extends Command<string, infer Input, string> ? Input : never;

/** What a command may be rejected with. */
export type RejectionCode<C extends AnyCommand> = C extends Command<string, infer _, infer Code> ? Code : never;

/** The events that a command may record. */
export type EventOfCommand<C extends AnyCommand> =
  // biome-ignore lint/suspicious/noExplicitAny: the input is nothing to the events
  C extends Command<string, any, string, infer Event> ? Event : never;

/** A command that was refused, and so recorded none of its events. */
export interface Rejection<Code extends string = string> {
  /** The command id. */
  readonly id: string;
  readonly status: "rejected";
  readonly commandId: string;
  /** The command's name; null where an append recorded it. */
  readonly command: string | null;
  /** Why, for programs. */
  readonly code: Code;
  /** Why, for people. */
  readonly reason: string | null;
}

/** What `execute` returns: never a payload. The same command id gives an equal one, whoever asks. */
export type CommandReceipt<Code extends string = string> =
  | (Receipt & { readonly commandId: string; readonly command: string })
  | Rejection<Code>;

export interface ExecuteOptions {
  /** Who; a text is an actor's id. */
  readonly actor: Actor | string;
  /** Makes the command repeatable, from any process. Default: a fresh UUIDv7. */
  readonly commandId?: string | undefined;
  readonly correlationId?: string | undefined;
  /** The id of the event, or of the command, that this one was caused by. */
  readonly causationId?: string | undefined;
  readonly ip?: string | undefined;
  readonly userAgent?: string | undefined;
  readonly reason?: string | undefined;
  /** When it happened, where that is not now: RFC 3339 with an offset, kept in UTC. */
  readonly occurredAt?: string | Date | undefined;
  /** Further metadata of each event, as it is when the call is made. */
  readonly metadata?: object | undefined;
  /**
   * How often it may lose to somebody else before the conflict is final. A decision that falls with an earlier one of its
   * own group is made again and does not count. Default 8 (`DEFAULT_MAX_ATTEMPTS`).
   */
  readonly maxAttempts?: number | undefined;
  /** Gives up while the command waits; once it is sent, the outcome is awaited. */
  readonly signal?: AbortSignal | undefined;
}
