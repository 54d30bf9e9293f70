import { type Bytes, equalBytes } from "@eventchain/core";
import type { EntryList } from "../database/entry-list.ts";
import { CompactRange } from "../log/compact-range.ts";
import type { Pin } from "../log/compare-roots.ts";
import { sameHex } from "./check-columns.ts";
import { linkHash, type Reading } from "./read-content.ts";

/**
 * The log as the events alone give it, chained anew from the genesis. Computed only where the tiles do not lead to every root
 * that somebody vouched for: then it may be the tiles that were changed, and not the events.
 */
export class EventRoots {
  /** The first and last position at which the entry tiles say another hash than the events give. */
  differs: { from: bigint; to: bigint } | undefined;
  readonly #entries: EntryList;
  readonly #range = new CompactRange();
  /** Pins to compare with, greatest first. */
  readonly #pins: Pin[];
  #prevHash: Bytes | undefined;
  /** The hashes of the events that receipts from outside name. */
  readonly hashes: Map<bigint, Bytes> = new Map();
  readonly #wanted: ReadonlySet<bigint>;

  constructor(pins: readonly Pin[], entries: EntryList, genesisHash: Bytes, wanted: ReadonlySet<bigint>) {
    this.#wanted = wanted;
    this.#pins = [...pins].sort((a, b) => (a.size > b.size ? -1 : 1));
    this.#entries = entries;
    this.#prevHash = genesisHash;
  }

  /** Rows in the order of their positions; the chain ends at the first that does not continue it. */
  see({ row, contents }: Reading): void {
    if (this.#prevHash === undefined || this.#pins.length === 0) return;
    const position = this.#range.size + 1n;
    const content = contents.find((one) => sameHex(row.contentHash, one.contentHash)) ?? contents[0];
    const link = { prevHash: this.#prevHash, position, version: row.version };
    const hash =
      content === undefined || row.position !== position
        ? undefined
        : linkHash(content.contentHash, row.recordedAtMicros, link);
    this.#prevHash = hash;
    if (hash === undefined) return;
    this.#range.push(hash);
    if (this.#wanted.has(position)) this.hashes.set(position, hash);
    const entry = this.#entries.at(position);
    if (entry === undefined || !equalBytes(entry, hash))
      this.differs = { from: this.differs?.from ?? position, to: position };
    this.#compare();
  }

  #compare(): void {
    while ((this.#pins.at(-1)?.size ?? this.#range.size + 1n) <= this.#range.size) {
      const pin = this.#pins.pop() as Pin;
      pin.events = pin.size === this.#range.size && equalBytes(this.#range.root(), pin.root) ? "match" : "mismatch";
    }
  }
}
