import type { Bytes } from "@eventchain/core";
import type { EventRow } from "../database/read-events.ts";
import { emptySum, type MultisetSum } from "./multiset-key.ts";

/** A row that more is to be said of: it is the ledger's own, a payload is gone, or somebody asks for its hash. */
export interface SpecialRow {
  row: EventRow;
  /** Whether `commands` cannot be compared with it. */
  unnamed: boolean;
}

/** A batch in which every row is what it says, and is chained to the one before it. */
export interface CheckedEvents {
  /** 0: there is no row in it, and nothing of the rest means anything. */
  count: number;
  first: number;
  /** What the first row is chained to. */
  prevHash: Bytes;
  /** 32 bytes each. */
  hashes: Bytes;
  /** Microseconds since 1970, never less than the one before. */
  micros: Float64Array;
  /** Three for each: the stream's image, and the version. */
  streams: Uint32Array;
  tags: MultisetSum;
  commands: MultisetSum;
  specials: SpecialRow[];
}

/** Of a batch that holds no more than what stands before or after all rows. */
export function noEvents(): CheckedEvents {
  const [prevHash, hashes] = [new Uint8Array(0), new Uint8Array(0)];
  const [micros, streams] = [new Float64Array(0), new Uint32Array(0)];
  return {
    count: 0,
    first: 0,
    prevHash,
    hashes,
    micros,
    streams,
    tags: emptySum(),
    commands: emptySum(),
    specials: [],
  };
}
