import type { LedgerEvent, ReadOptions } from "../types.ts";

/** Who did what: conditions joined by AND. `after` and `to` are positions. */
export interface AuditOptions extends ReadOptions {
  readonly to?: bigint | number | undefined;
  readonly actor?: string | undefined;
  readonly ip?: string | undefined;
  readonly stream?: string | undefined;
  readonly type?: string | undefined;
  readonly tag?: string | undefined;
  readonly correlationId?: string | undefined;
  /** Recorded at this time or later: a Date, or RFC 3339 with an offset. */
  readonly from?: Date | string | undefined;
  /** Recorded before this time. */
  readonly until?: Date | string | undefined;
}

/** An event, and what came of it. */
export interface RelatedNode {
  readonly event: LedgerEvent;
  /**
   * The events whose `causationId` is this event's id, or its command's; oldest first. What names a command is an effect
   * of each of its events, and stands once: under the event that the path goes through, else under the first of them.
   */
  readonly effects: readonly RelatedNode[];
}

/** The tree of causes and effects that an event stands in. */
export interface Related {
  /** The first cause that is known and may be seen. */
  readonly root: RelatedNode;
  /** The ids from the root to the event that was asked for, both included. */
  readonly path: readonly string[];
  /** There is more than `maxEvents` of it. */
  readonly truncated: boolean;
}

export interface RelatedOptions {
  /** Default 1,000 (`DEFAULT_RELATED_EVENTS`). */
  readonly maxEvents?: number | undefined;
}
