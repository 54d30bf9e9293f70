import { min } from "../database/entry-list.ts";
import type { Match, Places } from "./place.ts";
import type { Reading } from "./read-content.ts";
import { MAX_VERSIONS, type StreamShifts } from "./stream-shifts.ts";

/** How far ahead a row's place is looked for at once. */
export const SEARCH_WINDOW = 256n;
/** The most hashes computed in search of places, besides four for each entry of the log: a few seconds. */
const MAX_TESTS = 4_000_000;
/** The most of them for one row and all versions that it may have had. */
const MAX_THOROUGH_TESTS = 500_000;

export interface SearchRange {
  from: bigint;
  to: bigint;
  /** What positions lack to their places, as far as is known. */
  shift: bigint;
  /** Rows that wait: each may be one too many, and so a version. */
  waiting: number;
  /** With every version that the row's stream may have lost or gained; not for ever. */
  thorough: boolean;
}

/** Looks for the places of rows that are not where their positions put them. What it may cost all in all is bounded. */
export class PlaceSearch {
  readonly #places: Places;
  readonly #streams: StreamShifts;

  constructor(places: Places, streams: StreamShifts) {
    this.#places = places;
    this.#streams = streams;
  }

  /** The row at one place, with any version that so many more, or less, events could explain. */
  async at({ row, contents }: Reading, index: bigint, more: number): Promise<Match | undefined> {
    await this.#places.entries.load(index - 1n, index);
    const versions = this.#isSpent() ? this.#streams.likely(row) : this.#streams.possible(row, more);
    return this.#places.test(row, contents, index, versions);
  }

  /** Tries one place after the other. */
  async find({ row, contents }: Reading, range: SearchRange): Promise<Match | undefined> {
    const { from, shift, waiting, thorough } = range;
    const limit = this.#places.tests + MAX_THOROUGH_TESTS;
    const end = min(range.to, this.#places.entries.size);
    for (let start = from; start <= end; start += SEARCH_WINDOW) {
      const stop = min(start + SEARCH_WINDOW - 1n, end);
      await this.#places.entries.load(start - 1n, stop);
      for (let index = start; index <= stop; index++) {
        if (this.#isSpent() || (thorough && this.#places.tests > limit)) return undefined;
        const shifted = index - row.position;
        const versions = thorough
          ? this.#streams.possible(row, waiting + distance(shifted, shift))
          : this.#streams.likely(row, shifted - shift);
        const match = this.#places.test(row, contents, index, versions);
        if (match !== undefined) return match;
      }
    }
    return undefined;
  }

  #isSpent(): boolean {
    return this.#places.tests > MAX_TESTS + Number(this.#places.entries.size) * 4;
  }
}

/** How far apart two shifts are, as a number of versions to try. */
export function distance(a: bigint, b: bigint): number {
  return Number(min(a < b ? b - a : a - b, BigInt(MAX_VERSIONS)));
}
