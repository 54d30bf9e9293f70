import type { EventRow } from "../database/read-events.ts";
import type { Match } from "./place.ts";

/** The most versions that are tried for one row. */
export const MAX_VERSIONS = 512;

/** One stream whose rows say other versions than were sealed, by `delta` less. */
interface Shifted {
  delta: bigint;
  /** The places of the rows that say so. */
  from: bigint;
  to: bigint;
  eventId: string;
  /** How often the log had been found disturbed by then. */
  disturbances: number;
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
  readonly #shifted = new Map<string, Shifted>();
  readonly changed: ChangedVersions[] = [];
  #missing = 0;
  #loose = 0;
  #disturbances = 0;

  /** So many events were found missing, and so many rows too many, that streams may have been renumbered since. */
  disturb(missing: number, loose: number): void {
    this.#disturbances += 1;
    this.#missing = Math.min(this.#missing + missing, MAX_VERSIONS);
    this.#loose = Math.min(this.#loose + loose, MAX_VERSIONS);
  }

  /** The versions to try first: as it says; as those of its stream before it; as if all events were of one stream. */
  *likely(row: EventRow, moved = 0n): Generator<bigint> {
    yield row.version;
    if (this.#shifted.size === 0 && moved === 0n) return;
    const delta = this.#shifted.get(row.stream)?.delta;
    if (delta !== undefined) yield row.version + delta;
    if (moved !== 0n) yield row.version + moved;
  }

  /** All versions that the events missing and added so far, and `more`, could account for. */
  *possible(row: EventRow, more: number): Generator<bigint> {
    yield* this.likely(row);
    const up = Math.min(this.#missing + more, MAX_VERSIONS);
    const down = Math.min(this.#loose + more, MAX_VERSIONS);
    for (let delta = 1; delta <= Math.max(up, down); delta++) {
      if (delta <= up) yield row.version + BigInt(delta);
      if (delta <= down) yield row.version - BigInt(delta);
    }
  }

  /**
   * A row was matched. A stream once renumbered stays so until the log is disturbed again; or else the versions of those rows
   * alone had been changed.
   */
  note(row: EventRow, match: Match): void {
    const delta = match.version - row.version;
    const before = this.#shifted.get(row.stream);
    const disturbances = this.#disturbances;
    if (delta !== 0n) {
      const [from, eventId] = before?.delta === delta ? [before.from, before.eventId] : [match.index, row.id];
      this.#shifted.set(row.stream, { delta, from, to: match.index, eventId, disturbances });
    } else if (before !== undefined) {
      if (before.disturbances === disturbances) this.#change(row.stream, before);
      this.#shifted.delete(row.stream);
    }
  }

  /** Call after the last row: streams cannot have lost, or gained, more versions than events are missing, or too many. */
  finish(): void {
    const streams = [...this.#shifted].sort(([, a], [, b]) => (a.from < b.from ? -1 : 1));
    let [up, down] = [BigInt(this.#missing), BigInt(this.#loose)];
    for (const [stream, shifted] of streams) {
      if (shifted.delta > 0n) up -= shifted.delta;
      else down += shifted.delta;
      if (up < 0n || down < 0n) this.#change(stream, shifted);
    }
  }

  #change(stream: string, { from, to, eventId }: Shifted): void {
    this.changed.push({ stream, from, to, eventId });
  }
}
