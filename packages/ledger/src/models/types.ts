import type { AnyEventDefinition, EventDefinition } from "../events/types.ts";
import type { JsonObject } from "../types.ts";

/** An event as a model sees it, recorded or just decided. */
export interface ModelEvent<Type extends string = string, Data = unknown> {
  readonly type: Type;
  /** UUIDv7. A later event can name it: a reversal what it reverses, say. */
  readonly id: string;
  /** Of the definition's current version. */
  readonly data: Data;
  readonly stream: string;
  readonly tags: readonly string[];
  /** Null after erasure. */
  readonly metadata: JsonObject | null;
  /**
   * Microseconds since 1970-01-01 UTC by the database's clock. For an event decided a moment ago, in the same group of
   * commands: by the host's, until it is recorded.
   */
  readonly recordedAtMicros: bigint;
}

export interface ModelSpec<State> {
  /** The state before any event; frozen as each state is. */
  readonly initial: () => State;
  /** To be raised whenever the state's meaning changes: what was kept of an older version is not used. Default 1. */
  readonly version?: number | undefined;
  /** What to do with an event of a type that the model does not handle, where it meets one. Default "skip". */
  readonly unknown?: "skip" | "fail" | undefined;
  /** One sentence for the generated documentation. */
  readonly describe?: string | undefined;
}

/**
 * A pure reducer over events. Each `on` gives a new model; a model is never changed. A handler gives the next state; it
 * reads no clock and no outside world, so that the same events always make the same state. Events whose data is erased
 * are skipped.
 *
 * States are frozen, plain objects and arrays at any depth, also what `initial` and handlers put into them: a handler
 * makes a state anew (`{ ...state, … }`, `[...list, one]`), and one that changes what it is given fails (`decision-failed`
 * with the TypeError as its cause), as `decide` and `authorize` do. Maps, Sets and objects of classes are left as they
 * are: a state that holds one must copy it before a change too, and nothing notices where it does not.
 */
export interface Model<State> {
  readonly kind: "model";
  readonly name: string;
  readonly version: number;
  readonly unknown: "skip" | "fail";
  readonly description: string | undefined;
  /** The first state, frozen. Errors: LedgerError `decision-failed` where it throws. */
  readonly initial: () => State;
  /** What it handles, in the order of `on`. */
  readonly events: readonly AnyEventDefinition[];
  /** Errors: LedgerError `config-invalid` for a type that it handles already. */
  on<Type extends string, Data>(
    // biome-ignore lint/suspicious/noExplicitAny: what an event is made from is nothing to the model
    event: EventDefinition<Type, Data, any>,
    apply: (state: State, event: ModelEvent<Type, Data>) => State,
  ): Model<State>;
  /** The next state, frozen. Errors: LedgerError `unknown-event`, `decision-failed` where the handler throws. */
  apply(state: State, event: ModelEvent): State;
}

// biome-ignore lint/suspicious/noExplicitAny: any model at all
export type AnyModel = Model<any>;

/** A model's state. */
export type StateOf<M extends AnyModel> = M extends Model<infer State> ? State : never;

/** One model, or several by name. */
export type Models = AnyModel | Readonly<Record<string, AnyModel>>;

/** The states of one model, or of several under the same names. */
export type StatesOf<M extends Models> = M extends AnyModel
  ? StateOf<M>
  : { readonly [Name in keyof M]: M[Name] extends AnyModel ? StateOf<M[Name]> : never };
