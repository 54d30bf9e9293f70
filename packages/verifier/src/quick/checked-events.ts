import type { Bytes } from "@eventchain/core";
import type { EventRow } from "../database/read-events.ts";
import type { MultisetSum } from "./multiset-key.ts";

/** A row that more is to be said of: it is the ledger's own, a payload is gone, or somebody asks for its hash. */
export interface SpecialRow {
  row: EventRow;
  /** Whether `commands` cannot be compared with it. */
  unnamed: boolean;
}

/** A batch in which every row is what it says, and is chained to the one before it. */
export interface CheckedEvents {
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
