import { type Bytes, equalBytes } from "@eventchain/core";
import { fromBytea } from "../database/decode.ts";
import type { EntryList } from "../database/entry-list.ts";
import type { EventRow } from "../database/read-events.ts";
import { type Content, linkHash, type Reading } from "./read-content.ts";

/** A row proven to be the event sealed at `index`. */
export interface Match {
  index: bigint;
  content: Content;
  /** The version that was sealed; the row may say another one, when its stream was renumbered. */
  version: bigint;
}

/** A row that was not found to be what was sealed where it stands. Its texts are let go. */
export interface LooseRow {
  row: EventRow;
  contents: readonly Content[];
  /** A text without its salt. */
  unsalted: boolean;
}

export function loosen(reading: Reading): LooseRow {
  const { row, contents } = reading;
  const unsalted = (row.data !== null && row.salt === null) || (row.metadata !== null && row.metaSalt === null);
  return { row: { ...row, data: null, metadata: null }, contents, unsalted };
}

/** Tests rows against the sealed hashes: a row is the event sealed at an index if chaining it there gives the hash sealed there. */
export class Places {
  readonly entries: EntryList;
  readonly #genesisHash: Bytes;
  /** The first event is chained to a genesis that is not the one in `ledgers`. */
  genesisReplaced = false;
  /** Hashes computed in vain, in search of where a row belongs. */
  tests = 0;

  constructor(entries: EntryList, genesisHash: Bytes) {
    this.entries = entries;
    this.#genesisHash = genesisHash;
  }

  /** Whether the row, with the first of these versions that fits, is what was sealed at an index whose entries are loaded. */
  test(row: EventRow, contents: readonly Content[], index: bigint, versions: Iterable<bigint>): Match | undefined {
    const sealed = this.entries.at(index);
    if (sealed === undefined) return undefined;
    for (const version of versions) {
      for (const content of contents) {
        for (const prevHash of this.#before(index, row)) {
          this.tests += 1;
          const hash = linkHash(content.contentHash, row.recordedAtMicros, { prevHash, position: index, version });
          if (hash === undefined || !equalBytes(hash, sealed)) continue;
          if (index === 1n && prevHash !== this.#genesisHash) this.genesisReplaced = true;
          return { index, content, version };
        }
      }
    }
    return undefined;
  }

  /** What the event at an index was chained to. For the first one also what its row says, should the genesis have been replaced. */
  #before(index: bigint, row: EventRow): Bytes[] {
    if (index > 1n) {
      const hash = this.entries.at(index - 1n);
      return hash === undefined ? [] : [hash];
    }
    const stored = fromBytea(row.prevHash);
    return stored.length === 32 && !equalBytes(stored, this.#genesisHash)
      ? [this.#genesisHash, stored]
      : [this.#genesisHash];
  }

  /** The hash that the event at an index was chained to, as far as the log or `ledgers` tells. */
  async previous(index: bigint): Promise<Bytes | undefined> {
    return index === 1n ? this.#genesisHash : await this.entries.find(index - 1n);
  }
}
