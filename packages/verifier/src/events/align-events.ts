import { max, min } from "../database/entry-list.ts";
import { type LooseRow, loosen, type Match, type Places } from "./place.ts";
import type { Reading } from "./read-content.ts";
import { distance, PlaceSearch, SEARCH_WINDOW } from "./search-place.ts";
import { StreamShifts } from "./stream-shifts.ts";

/** So many rows in a row that are nowhere in the log are settled by their positions. */
const MAX_LOOSE = 4096;
const MAX_LOOSE_CHARACTERS = 64_000_000;
/** A shift is believed when one of so many rows before has it too. */
const CONFIRMING_ROWS = 8;
/** Shifts that rows were seen to have and that may come back. */
const KNOWN_SHIFTS = 8;
/** So many of the rows that wait at the log's end are looked for one by one. */
const MAX_END_ROWS = 64;

/** What lies between two rows that are what was sealed: rows that are not, and sealed events (`from` … `to`) that no row is. */
export interface Gap {
  rows: LooseRow[];
  from: bigint;
  /** Less than `from` when no event is missing. */
  to: bigint;
  /** What is to be added to a row's position to get its place in the log, before and after the gap. */
  shiftBefore: bigint;
  shiftAfter: bigint;
  /** No row follows. */
  last: boolean;
}

/** Told of rows in the order of their places. */
export interface AlignmentSink {
  matched(reading: Reading, match: Match, shift: bigint): void;
  gap(gap: Gap): void;
}

/**
 * Aligns the rows of `events` with the sealed hashes. Rows come in the order of their positions; each is first looked for where
 * its position puts it, given the shift of those before it (0, unless events were deleted or inserted and the rest renumbered).
 * A row that is not there waits: when the next one fits, it was one row's matter; when it does not, the shift is looked for anew.
 */
export class Alignment {
  readonly #places: Places;
  readonly #search: PlaceSearch;
  readonly #sink: AlignmentSink;
  readonly #size: bigint;
  readonly #streams = new StreamShifts();
  #shift = 0n;
  #known: bigint[] = [0n];
  #next: bigint;
  /** Rows that wait to be placed, and how long their texts are. */
  #loose: Reading[] = [];
  #characters = 0;
  #beyond: Reading[] = [];
  #ended = false;

  constructor(places: Places, from: bigint, sink: AlignmentSink) {
    this.#places = places;
    this.#search = new PlaceSearch(places, this.#streams);
    this.#sink = sink;
    this.#size = places.entries.size;
    this.#next = from;
    this.#ended = from > this.#size;
  }

  get shift(): bigint {
    return this.#shift;
  }

  /** Streams in which versions were changed without an event less or more; see `StreamShifts`. */
  get streams(): StreamShifts {
    return this.#streams;
  }

  /** Places a row whose entries are loaded, without waiting. False: `seek` must be called. */
  place(reading: Reading): boolean {
    const { row, contents } = reading;
    const index = row.position + this.#shift;
    if (index < this.#next || this.#ended) return false;
    const match = this.#places.test(row, contents, index, this.#streams.likely(row));
    if (match === undefined) return false;
    this.#accept(reading, match);
    return true;
  }

  /** Places a row that `place` did not. "beyond": it comes after everything that was sealed. */
  async seek(reading: Reading): Promise<"placed" | "beyond"> {
    if (this.#ended) return "beyond";
    const { row } = reading;
    const index = row.position + this.#shift;
    if (await this.#seekKnown(reading)) return "placed";
    if (index > this.#size) {
      // The log is at its end: unless this very row still belongs to it, it and all that follow were never sealed.
      if (this.#next <= this.#size && (await this.#resync(reading, { everywhere: true, last: true }))) return "placed";
      await this.#end(false);
      return "beyond";
    }
    const count = this.#loose.length + 1;
    const search = { everywhere: isFullTurn(count), last: false };
    if (isTurn(count) && (await this.#resync(reading, search))) return "placed";
    this.#wait(reading);
    if (this.#loose.length >= MAX_LOOSE || this.#characters > MAX_LOOSE_CHARACTERS) this.#settle();
    return "placed";
  }

  /** Call after the last row. */
  async finish(): Promise<void> {
    if (this.#ended) return;
    // The last rows may have been waiting for a next one.
    const last = this.#loose.pop();
    if (last !== undefined && !(await this.#resync(last, { everywhere: true, last: true }))) this.#wait(last);
    await this.#end(true);
  }

  /** Rows that waited and turned out to come after everything that was sealed, in their order. Gives them once. */
  takeBeyond(): Reading[] {
    const beyond = this.#beyond;
    this.#beyond = [];
    return beyond;
  }

  #wait(reading: Reading): void {
    this.#loose.push(reading);
    this.#characters += (reading.row.data?.length ?? 0) + (reading.row.metadata?.length ?? 0);
  }

  async #end(last: boolean): Promise<void> {
    await this.#splitEnd();
    this.#close(this.#size + 1n, this.#shift, last && this.#beyond.length === 0);
    this.#ended = true;
  }

  /**
   * Rows that wait at the log's end may be its last events, moved up, and behind them others that were never sealed: so it is
   * when some row is the last sealed event, those before it that fit anywhere fit in order, and none after it does.
   */
  async #splitEnd(): Promise<void> {
    const waiting = this.#loose;
    const matches: { reading: Reading; match: Match }[] = [];
    let beyond = waiting.length;
    for (const [i, reading] of waiting.slice(0, MAX_END_ROWS).entries()) {
      const match = await this.#search.find(reading, { ...this.#range(this.#next, this.#size), thorough: true });
      if (match === undefined) continue;
      if (beyond < waiting.length || match.index <= (matches.at(-1)?.match.index ?? 0n)) return;
      matches.push({ reading, match });
      if (match.index === this.#size) beyond = i + 1;
    }
    if (beyond === waiting.length) return;
    this.#loose = [];
    for (const reading of waiting.slice(0, beyond)) {
      const found = matches.find((one) => one.reading === reading);
      if (found === undefined) this.#wait(reading);
      else this.#accept(reading, found.match);
    }
    this.#beyond = waiting.slice(beyond);
  }

  async #seekKnown(reading: Reading): Promise<boolean> {
    for (const shift of this.#known) {
      const index = reading.row.position + shift;
      if (index < this.#next || index > this.#size) continue;
      const match = await this.#search.at(reading, index, this.#loose.length);
      if (match === undefined) continue;
      this.#accept(reading, match);
      return true;
    }
    return false;
  }

  /**
   * Looks for the row further on in the log and has those that wait follow. One of them must: a single row that was moved from
   * far away shifts nothing. `last`: no row comes after it that could be misled.
   */
  async #resync(reading: Reading, search: { everywhere: boolean; last: boolean }): Promise<boolean> {
    const near = this.#range(this.#next, this.#next + SEARCH_WINDOW);
    const all = this.#range(this.#next, this.#size);
    const match =
      (await this.#search.find(reading, { ...near, thorough: false })) ??
      (await this.#search.find(reading, { ...(search.everywhere ? all : near), thorough: true })) ??
      (search.everywhere ? await this.#search.find(reading, { ...all, thorough: false }) : undefined);
    if (match === undefined) return false;
    const shift = match.index - reading.row.position;
    if (!search.last && !(await this.#isShared(shift, match.index))) return false;
    const waiting = this.#loose;
    this.#loose = [];
    this.#characters = 0;
    for (const one of waiting) {
      const found = await this.#testShifted(one, shift, match.index);
      if (found === undefined) this.#wait(one);
      else this.#accept(one, found);
    }
    this.#accept(reading, match);
    return true;
  }

  /** Whether a row that waits would be in its place with this shift. */
  async #isShared(shift: bigint, before: bigint): Promise<boolean> {
    for (const one of this.#loose.slice(-CONFIRMING_ROWS)) {
      if ((await this.#testShifted(one, shift, before)) !== undefined) return true;
    }
    return false;
  }

  async #testShifted(reading: Reading, shift: bigint, before: bigint): Promise<Match | undefined> {
    const index = reading.row.position + shift;
    if (index < this.#next || index >= before) return undefined;
    return await this.#search.at(reading, index, this.#loose.length + distance(shift, this.#shift));
  }

  #range(from: bigint, to: bigint): { from: bigint; to: bigint; shift: bigint; waiting: number } {
    return { from, to, shift: this.#shift, waiting: this.#loose.length };
  }

  #accept(reading: Reading, match: Match): void {
    const shift = match.index - reading.row.position;
    this.#close(match.index, shift, false);
    if (shift !== this.#shift) {
      this.#shift = shift;
      this.#known = [shift, ...this.#known.filter((one) => one !== shift)].slice(0, KNOWN_SHIFTS);
    }
    this.#streams.note(reading.row, match);
    this.#sink.matched(reading, match, shift);
  }

  /** Everything before `index` that has not been accounted for is a gap. */
  #close(index: bigint, shiftAfter: bigint, last: boolean): void {
    const missing = max(index - this.#next, 0n);
    if (this.#loose.length > 0 || missing > 0n) {
      const rows = this.#loose.map(loosen);
      this.#loose = [];
      this.#characters = 0;
      this.#streams.disturb(Number(missing), rows.length);
      this.#sink.gap({ rows, from: this.#next, to: index - 1n, shiftBefore: this.#shift, shiftAfter, last });
    }
    this.#next = max(index + 1n, this.#next);
  }

  /** Too many rows wait: each is taken for what stands in the place of the event sealed there. */
  #settle(): void {
    const index = min((this.#loose.at(-1)?.row.position ?? 0n) + this.#shift, this.#size);
    this.#close(max(index + 1n, this.#next), this.#shift, false);
    // The event at `index + 1` is yet to come.
    this.#next -= 1n;
  }
}

/** When a run of rows that are not where they should be is looked into: at the second one, then ever more rarely. */
function isTurn(length: number): boolean {
  return length >= 2 && (length <= 4 || (length & (length - 1)) === 0);
}

/** When all of the log is searched for one row: at the 4th, 16th, 64th … */
function isFullTurn(length: number): boolean {
  return length >= 4 && (length & (length - 1)) === 0 && Math.log2(length) % 2 === 0;
}
