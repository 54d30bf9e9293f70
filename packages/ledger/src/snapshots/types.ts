import type { Context } from "../commands/types.ts";
import type { AnyModel, ModelEvent } from "../models/types.ts";
import type { Projection } from "../projections/types.ts";

/** Where in time: a stream's version, a position of the ledger, or an instant (what was recorded up to it, inclusive). */
export type At =
  | { readonly version: bigint | number }
  | { readonly position: bigint | number }
  /** RFC 3339 with an offset, or a Date. */
  | { readonly time: string | Date };

export interface StateOptions {
  /** Default: now. A version only of a stream. Past the newest one: LedgerError `not-found`. */
  readonly at?: At | undefined;
  /** Whether a snapshot may be where the reading starts; the answer is the same. Default true. */
  readonly snapshots?: boolean | undefined;
}

/** A state, and what it is the state of. */
export interface StateAt<State> {
  readonly state: State;
  /** Of the last event that may be part of it; 0n before the first. */
  readonly position: bigint;
  /** Of a stream. */
  readonly version: bigint | undefined;
}

/** One difference between two states. */
export interface StateChange {
  /** JSON path: `$.lines[2].amount`. */
  readonly path: string;
  /** Left out where there was nothing. */
  readonly before?: unknown;
  /** Left out where there is nothing any more. */
  readonly after?: unknown;
}

export interface StateDiff<State> {
  readonly from: StateAt<State>;
  readonly to: StateAt<State>;
  /** In the order of the paths' keys; none where nothing differs. */
  readonly changes: readonly StateChange[];
}

/** When a snapshot is due: so many events since the last one, so long since it, or by what an event made of the state. */
export type SnapshotDue<State> = number | { readonly ms: number } | ((event: ModelEvent, state: State) => boolean);

export interface SnapshotSpec<State> {
  readonly every: SnapshotDue<State>;
  /** "sync": by whoever appends, before the append's receipt is given; "async": by the worker. Default "async". */
  readonly mode?: "sync" | "async" | undefined;
  /** Which streams: those whose names begin so. Default: each stream with an event that the model handles. Not with `of`. */
  readonly streams?: string | undefined;
  /** A query instead of streams: its events have one branch. */
  readonly of?: Context | undefined;
  /** The branch's name, with `of`: 1 to 200 bytes of UTF-8. Default: the model's name. */
  readonly branch?: string | undefined;
}

/** When the rows of a projection that is a model are committed to. */
export interface ProjectionSnapshotSpec {
  /** So many events that it handles since the last snapshot, or so long since it where there are any. */
  readonly every: number | { readonly ms: number };
  /** Default "async": by the worker, which alone knows where the live build stands. */
  readonly mode?: "async" | undefined;
}

/** When snapshots are taken, and where they hang. */
export type SnapshotRule = ModelSnapshotRule | ProjectionSnapshotRule;

/** Of a model. */
export interface ModelSnapshotRule {
  readonly kind: "snapshots";
  /** `snapshots:<model>`, or `snapshots:<branch>` of a query: its name among the ledger's handlers. */
  readonly name: string;
  readonly model: AnyModel;
  readonly projection: undefined;
  // biome-ignore lint/suspicious/noExplicitAny: the state is its model's
  readonly every: SnapshotDue<any>;
  readonly mode: "sync" | "async";
  readonly streams: string | undefined;
  readonly of: Context | undefined;
  readonly branch: string | undefined;
}

/** Of the rows of a projection that is a model: in the branch `projection:<name>`. */
export interface ProjectionSnapshotRule {
  readonly kind: "snapshots";
  /** `snapshots:projection:<name>`. */
  readonly name: string;
  readonly model: undefined;
  readonly projection: ModelProjection;
  readonly every: number | { readonly ms: number };
  readonly mode: "async";
}

/** A projection that is a model. */
export type ModelProjection = Projection & { readonly model: NonNullable<Projection["model"]> };

/** A snapshot that was taken. */
export interface SnapshotTaken {
  readonly branch: string;
  /** The state is that of the events up to here. */
  readonly position: bigint;
  /** Of the stream, where it is of one. */
  readonly version: bigint | undefined;
  /** Hex: what the `$SnapshotTaken` event commits to. */
  readonly stateHash: string;
  /** The position of that event. */
  readonly eventPosition: bigint;
}

/** A snapshot as it is kept. */
export interface SnapshotListed extends SnapshotTaken {
  /** The stream, or the branch's own name. */
  readonly of: string;
  /** The version of the model. */
  readonly schema: number;
  /** Microseconds since 1970-01-01 UTC by the database's clock. */
  readonly takenAtMicros: bigint;
  /** Why it is not what its event commits to, and so not used; undefined where it is. */
  readonly problem: string | undefined;
}
