import type { AnyEventDefinition, EventDefinition } from "../events/types.ts";
import type { AnyModel, Model, ModelEvent } from "../models/types.ts";
import type { Level } from "../subscribe/types.ts";

/** An event as a projection's handler gets it. */
export interface ProjectedEvent<Type extends string = string, Data = unknown> extends ModelEvent<Type, Data> {
  readonly position: bigint;
  /** In its stream. */
  readonly version: bigint;
}

/** The events of a definition as a projection's handler gets them; of several, one of them by its type. */
export type ProjectedEventOf<Definition extends AnyEventDefinition> =
  Definition extends EventDefinition<infer Type, infer Data, infer _> ? ProjectedEvent<Type, Data> : never;

/**
 * What a handler writes with: statements run in the batch's transaction, as the role `eventchain_projector`, and plain
 * names of tables are the projection's own.
 */
export interface ProjectionDb {
  /**
   * One statement, with parameters. int8 is a bigint, int2, int4 and floats numbers, json and jsonb parsed, lists of texts and
   * whole numbers arrays, timestamps, numerics and all else text. Errors: what the database says.
   */
  query<Row extends object = Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<Row[]>;
}

/** What happens where a handler fails: the projection stops before the event; or the event goes to the dead letters. */
export type OnError = "stop" | "dead-letter";

interface CommonSpec {
  /** To be raised whenever its tables or handlers change: a new version is built beside the live one. Default 1. */
  readonly version?: number | undefined;
  /** Default "async". */
  readonly mode?: "inline" | "async" | undefined;
  /** Of an async one. Default "appended". */
  readonly level?: Level | undefined;
  /** Of an async one; an inline one that fails refuses the append. Default "stop". */
  readonly onError?: OnError | undefined;
  /** Only events of one of these streams, or with all of these tags: either will do. Default: all of its types. */
  readonly where?: { readonly streams?: readonly string[]; readonly tags?: readonly string[] } | undefined;
  /**
   * Milliseconds that a handler may take for an event, or for a batch, and that each statement may: what takes longer fails.
   * Default 30,000, at most 50,000; of an inline one, for which appends wait, 5,000 and 9,000.
   */
  readonly timeoutMs?: number | undefined;
  /** One sentence: the comment of its tables where they have none, and the generated documentation. */
  readonly describe?: string | undefined;
}

/** A projection by SQL of its own. */
export interface TableProjectionSpec extends CommonSpec {
  /**
   * Statements that make its tables, indexes and views, under plain names; `comment on` documents them. Each table and
   * view can then be read as `ledger_<id>.<name>`.
   */
  readonly schema: string;
}

/** A projection that is a model: a row for each key, `(key text, state json, position bigint, version bigint, updated_at timestamptz)`. */
export interface ModelProjectionSpec<State> extends CommonSpec {
  readonly model: Model<State>;
  /** Which row an event belongs to; undefined: to none. Default: one row, whose key is "". Pure. */
  readonly key?: ((event: ProjectedEvent) => string | undefined) | undefined;
  /** Its table's name. Default: the projection's, with `_` for `-`. */
  readonly table?: string | undefined;
}

/** A projection. Each `on` gives a new one. */
export interface Projection {
  readonly kind: "projection";
  /** 1 to 40 characters `a-z 0-9 -`, beginning with a letter. */
  readonly name: string;
  readonly version: number;
  readonly mode: "inline" | "async";
  readonly level: Level;
  readonly onError: OnError;
  readonly where: { readonly streams?: readonly string[]; readonly tags?: readonly string[] };
  readonly timeoutMs: number;
  readonly description: string | undefined;
  /** What makes its tables. */
  readonly schema: string;
  /** What it handles, in the order of `on`. */
  readonly events: readonly AnyEventDefinition[];
  /** Where it is a model. */
  readonly model:
    | { readonly model: AnyModel; readonly key: (event: ProjectedEvent) => string | undefined; readonly table: string }
    | undefined;
  /**
   * Handles events one by one, in order. Errors: LedgerError `config-invalid` for a type that it handles already, for one
   * that is a model, and for one that has a batch handler.
   */
  on<Type extends string, Data>(
    // biome-ignore lint/suspicious/noExplicitAny: what an event is made from is nothing to the projection
    event: EventDefinition<Type, Data, any>,
    handle: (event: ProjectedEvent<Type, Data>, db: ProjectionDb) => unknown,
  ): Projection;
  /**
   * Handles batches instead, for statements over many events at once: of any size, in order. Errors: as `on`, and where
   * there is an `on`.
   */
  onBatch<Definition extends AnyEventDefinition>(
    events: readonly Definition[],
    handle: (events: readonly ProjectedEventOf<Definition>[], db: ProjectionDb) => unknown,
  ): Projection;
  /**
   * Applies a batch of its own events, in order, and gives how many: with a handler for each event it may end before one
   * that is not the first, where `isOver` says so. Errors: what the handler throws, wrapped: LedgerError `projection-failed`.
   */
  readonly apply: (events: readonly ProjectedEvent[], db: ProjectionDb, isOver?: () => boolean) => Promise<number>;
}

/** An event that a projection passed over, as its `onError` says, because its handler failed. */
export interface ProjectionDeadLetter {
  readonly position: bigint;
  readonly type: string;
  readonly error: string;
  readonly atMicros: bigint;
}

/** How a projection stands. */
export interface ProjectionStatus {
  readonly name: string;
  /** Of the live build; null before the first. */
  readonly version: number | null;
  /** `waiting`: not built yet. `off`: switched off. */
  readonly state: "live" | "stopped" | "off" | "waiting";
  /** Of the live build. */
  readonly position: bigint;
  /** Events of the ledger that it has not seen. */
  readonly behind: bigint;
  /** Why it stopped. */
  readonly reason: string | null;
  readonly deadLetters: bigint;
  /** The ledger was opened with another definition of the live build's version: raise its version, or replay it. */
  readonly changed: boolean;
  /** A build that is on its way; `reason`: why it stopped, or why its swap is put off. */
  readonly building: { readonly version: number; readonly position: bigint; readonly reason: string | null } | null;
  /** Builds that were live, and whose tables are yet to be dropped; `reason`: why that is put off. */
  readonly retired: readonly { readonly version: number; readonly reason: string | null }[];
}
