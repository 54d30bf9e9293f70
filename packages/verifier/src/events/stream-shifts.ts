import type { EventRow } from "../database/read-events.ts";
import type { Match } from "./place.ts";

/** The most versions that are tried for one row, up and down. */
export const MAX_VERSIONS = 512;
/** Streams that are remembered, once something was found missing or too many. */
const MAX_STREAMS = 200_000;

/** What is known of a stream since its newest matched row. */
interface Seen {
  /** What its rows' versions lack to those that were sealed. */
  delta: bigint;
  /** The places of the rows that lack so much, and the first one's id. */
  from: bigint;
  to: bigint;
  eventId: string;
  /** The counts of gaps, of events missing and of rows too many, at that time. */
  gaps: number;
  missing: number;
  surplus: number;
}

/** A run of rows of a stream whose version alone was changed. */
export interface ChangedVersions {
  stream: string;
  from: bigint;
  to: bigint;
  eventId: string;
}

/**
 * The versions that renumbered rows may have had. Whoever deletes or inserts events and renumbers the rest may renumber the
 * versions of their streams as well; a row that says version 7 was then sealed as 8.
 */
export class StreamShifts {
  readonly changed: ChangedVersions[] = [];
  readonly #seen = new Map<string, Seen>();
  #gaps = 0;
  #missing = 0;
  #surplus = 0;

  /**
   * A gap: so many events missing, and so many rows that fit nowhere. As many of both are events altered in their places, which
   * shifts nothing; what there is more of one may have shifted the versions of streams since.
   */
  disturb(missing: number, loose: number): void {
    this.#gaps += 1;
    this.#missing += Math.max(missing - loose, 0);
    this.#surplus += Math.max(loose - missing, 0);
  }

  /** The versions to try first: as it says; as those of its stream before it; as if all events were of one stream. */
  *likely(row: EventRow, moved = 0n): Generator<bigint> {
    yield row.version;
    if (this.#gaps === 0 && moved === 0n) return;
    const delta = this.#seen.get(row.stream)?.delta ?? 0n;
    if (delta !== 0n) yield row.version + delta;
    if (moved !== 0n) yield row.version + delta + moved;
  }

  /** All versions that could come of what was found missing, or too many, since the stream was last seen, and of `more`. */
  *possible(row: EventRow, more: number): Generator<bigint> {
    yield* this.likely(row);
    const seen = this.#seen.get(row.stream);
    const base = row.version + (seen?.delta ?? 0n);
    const up = Math.min(this.#missing - (seen?.missing ?? 0) + more, MAX_VERSIONS);
    const down = Math.min(this.#surplus - (seen?.surplus ?? 0) + more, MAX_VERSIONS);
    for (let by = 1; by <= Math.max(up, down); by++) {
      if (by <= up) yield base + BigInt(by);
      if (by <= down) yield base - BigInt(by);
    }
  }

  /**
   * A row was matched. A stream once renumbered stays so until the next gap; or else the versions of those rows alone had been
   * changed.
   */
  note(row: EventRow, match: Match): void {
    if (this.#gaps === 0) return;
    const delta = match.version - row.version;
    const before = this.#seen.get(row.stream);
    if (before === undefined && delta === 0n && this.#seen.size >= MAX_STREAMS) return;
    const isBack = before !== undefined && before.delta !== 0n && delta === 0n;
    if (isBack && before.gaps === this.#gaps) this.#change(row.stream, before);
    const [from, eventId] = before?.delta === delta ? [before.from, before.eventId] : [match.index, row.id];
    const counts = { gaps: this.#gaps, missing: this.#missing, surplus: this.#surplus };
    this.#seen.set(row.stream, { delta, from, to: match.index, eventId, ...counts });
  }

  /** Call after the last row: streams cannot have lost, or gained, more versions than events are missing, or too many. */
  finish(): void {
    const shifted = [...this.#seen]
      .filter(([, { delta }]) => delta !== 0n)
      .sort(([, a], [, b]) => (a.from < b.from ? -1 : 1));
    let [up, down] = [BigInt(this.#missing), BigInt(this.#surplus)];
    for (const [stream, seen] of shifted) {
      if (seen.delta > 0n) up -= seen.delta;
      else down += seen.delta;
      if (up < 0n || down < 0n) this.#change(stream, seen);
    }
  }

  #change(stream: string, { from, to, eventId }: Seen): void {
    this.changed.push({ stream, from, to, eventId });
  }
}
