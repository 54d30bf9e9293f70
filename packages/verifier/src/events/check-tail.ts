import { type Bytes, bytesToHex } from "@eventchain/core";
import { fromBytea } from "../database/decode.ts";
import type { EventRow } from "../database/read-events.ts";
import type { Draft } from "../findings/draft.ts";
import { contentColumnsProblem, sameHex } from "./check-columns.ts";
import { type Content, linkHash, type Reading } from "./read-content.ts";

/** How far a row that does not fit its position is looked for. */
const MAX_SHIFT = 64n;

/** Where the log ends and the tail begins. */
export interface TailStart {
  /** The last sealed place. */
  last: bigint;
  /** What a row's position lacks to its place. */
  shift: bigint;
  /** The hash sealed there, and the one that the row there says. */
  sealedHash: Bytes | undefined;
  storedHash: string | undefined;
  /** The versions that a row may have been given, should its stream have been renumbered. */
  versions: (row: EventRow) => Iterable<bigint>;
}

interface Fit {
  content: Content;
  shift: bigint;
}

/**
 * Checks the events that were never sealed. Nothing but their own chain vouches for them, so what is seen is what does not fit
 * together: whoever recomputes the chain to its end leaves nothing to see, unless a receipt is outside.
 */
export class TailCheck {
  readonly drafts: Draft[] = [];
  /** Hashes of the events that receipts from outside name, by place. */
  readonly hashes: Map<bigint, Bytes> = new Map();
  readonly #wanted: ReadonlySet<bigint>;
  readonly #versions: TailStart["versions"];
  #last: bigint;
  #shift: bigint;
  #storedHash: string | undefined;
  #sealedHash: string | undefined;
  #before: { id: string; stream: string; sound: boolean } | undefined;

  /** `wanted`: the places whose hashes are asked for. */
  constructor(start: TailStart, wanted: ReadonlySet<bigint>) {
    this.#wanted = wanted;
    this.#versions = start.versions;
    this.#last = start.last;
    this.#shift = start.shift;
    this.#sealedHash = start.sealedHash === undefined ? undefined : `\\x${bytesToHex(start.sealedHash)}`;
    this.#storedHash = start.storedHash ?? this.#sealedHash;
  }

  /** The row's place and content, where it fits into the chain. */
  see({ row, contents }: Reading): { place: bigint; content: Content } | undefined {
    const fit = this.#fit(row, contents);
    const place = row.position + (fit?.shift ?? this.#shift);
    const expected = this.#last + 1n;
    const moved = fit !== undefined && fit.shift !== this.#shift;
    if (place > expected) this.#miss(expected, place - 1n);
    const surplus = place < expected && !this.#absorb(moved, expected - place);
    if (fit !== undefined) this.#shift = fit.shift;
    const problem = surplus
      ? "a second row has this position"
      : (this.#problemOf(row, contents, fit) ??
        this.#linkProblem(row, place, place > expected || moved || this.#isLinked(row)));
    if (problem !== undefined) {
      const kind = surplus ? "inserted" : "altered";
      this.drafts.push(draft(kind, place, row, `${problem} (not sealed yet)`));
    }
    if (!surplus) this.#last = place;
    this.#storedHash = row.hash;
    this.#sealedHash = undefined;
    this.#before = { id: row.id, stream: row.stream, sound: problem === undefined };
    if (this.#wanted.has(place)) this.hashes.set(place, fromBytea(row.hash));
    return problem === undefined && fit !== undefined ? { place, content: fit.content } : undefined;
  }

  /** The reading of the row that its hash is the hash of, and the shift that it takes: the present one, none, or a new one. */
  #fit(row: EventRow, contents: readonly Content[]): Fit | undefined {
    for (const content of contents) {
      if (!sameHex(row.contentHash, content.contentHash)) continue;
      for (const shift of this.#shifts()) {
        for (const version of this.#versions(row)) {
          const link = { prevHash: fromBytea(row.prevHash), position: row.position + shift, version };
          const hash = linkHash(content.contentHash, row.recordedAtMicros, link);
          if (hash !== undefined && sameHex(row.hash, hash))
            return { content, shift: shift === 0n ? this.#shift : shift };
        }
      }
    }
    return undefined;
  }

  *#shifts(): Generator<bigint> {
    yield this.#shift;
    if (this.#shift !== 0n) yield 0n;
    for (let by = 1n; by <= MAX_SHIFT; by++) {
      yield this.#shift + by;
      yield this.#shift - by;
    }
  }

  #miss(from: bigint, to: bigint): void {
    const detail = "not sealed yet, and gone";
    this.drafts.push({ area: "event", kind: "deleted", position: from, detail, ...(to > from ? { to } : {}) });
  }

  /** Rows reported as altered turn out to be surplus when those after them fit with a lesser shift. */
  #absorb(moved: boolean, count: bigint): boolean {
    if (!moved) return false;
    const reported = this.drafts.slice(-Number(count));
    if (BigInt(reported.length) !== count || reported.some((one) => one.kind !== "altered")) return false;
    for (const one of reported) {
      one.kind = "inserted";
      one.detail = "it is not part of the chain (not sealed yet)";
    }
    return true;
  }

  #problemOf(row: EventRow, contents: readonly Content[], fit: Fit | undefined): string | undefined {
    const content = fit?.content ?? contents[0];
    if (content === undefined) return "what is stored cannot be an event";
    if (contentColumnsProblem(row, content) !== undefined) return "its texts do not match the hashes beside them";
    return fit === undefined ? "it does not match its own hash" : undefined;
  }

  #isLinked(row: EventRow): boolean {
    return row.prevHash === this.#storedHash || row.prevHash === this.#sealedHash;
  }

  /** A sound row that is chained to something else than what stands before it: it is that one which was changed. */
  #linkProblem(row: EventRow, place: bigint, linked: boolean): string | undefined {
    if (linked) return undefined;
    const before = this.#before;
    if (before === undefined)
      return row.position > 1n ? "it is not chained to the last sealed event" : "it is not chained to the genesis";
    const detail = "the event after it is chained to another hash (not sealed yet)";
    if (before.sound) this.drafts.push(draft("altered", place - 1n, before, detail));
    return undefined;
  }
}

function draft(
  kind: "altered" | "inserted",
  position: bigint,
  row: { id: string; stream: string },
  detail: string,
): Draft {
  return { area: "event", kind, position, eventId: row.id, stream: row.stream, detail };
}
