import type { AnchoredLog } from "@eventchain/chain";
import { type Bytes, equalBytes, hexToBytes } from "@eventchain/core";
import { min } from "../database/entry-list.ts";
import type { OutsideCheckpoint, StoredCheckpoint } from "./read-notes.ts";
import type { RootVisitor } from "./walk-log.ts";

/** At most so many checkpoints that do not fit are kept one by one. */
const MAX_KEPT = 10_000;

/** A root that somebody has vouched for, and what the database's log and events say to it. */
export interface Pin {
  source: "anchor" | "checkpoint" | "outside" | "guard";
  size: bigint;
  root: Bytes;
  anchor?: AnchoredLog;
  /** `beyond`: the entry tiles do not reach so far. */
  tiles: "match" | "mismatch" | "beyond";
  /** The same by the hashes recomputed from the events; `unknown` until they were read, or where they do not reach so far. */
  events: "match" | "mismatch" | "unknown";
}

/** What is remembered of the checkpoints of the database. */
export interface CheckpointFacts {
  /** Those that are bad by themselves. */
  bad: (StoredCheckpoint & { ordinal: number })[];
  badCount: number;
  /** The greatest size of a validly signed one, 0 without any. */
  newest: bigint;
}

/** Compares the log's roots with every pin, as the log is walked. */
export class RootComparison implements RootVisitor {
  /** All anchors and outside checkpoints, and those checkpoints of the database whose root the tiles do not give. */
  readonly pins: Pin[] = [];
  /** The greatest size of a validly signed checkpoint of the database that the tiles give. */
  matchedCheckpoint = 0n;
  readonly checkpoints: CheckpointFacts = { bad: [], badCount: 0, newest: 0n };
  /** Anchors and outside checkpoints still ahead, greatest first. */
  readonly #ahead: Pin[];
  readonly #stored: AsyncIterator<StoredCheckpoint>;
  readonly #epoch: bigint;
  #checkpoint: Pin | undefined;
  #next: bigint | undefined;
  #kept = 0;
  #read = 0;

  constructor(input: {
    anchors: readonly AnchoredLog[];
    outside: readonly OutsideCheckpoint[];
    stored: AsyncIterable<StoredCheckpoint>;
    epoch: bigint;
    guard: { size: bigint; root: Bytes } | undefined;
  }) {
    const anchors = input.anchors.map((anchor) =>
      pin("anchor", anchor.size, hexToBytes(anchor.root.slice(2), 32), anchor),
    );
    const outside = input.outside
      .filter((one) => one.problem === undefined && one.epoch === input.epoch)
      .map((one) => pin("outside", one.size, one.root));
    const guard = input.guard === undefined ? [] : [pin("guard", input.guard.size, input.guard.root)];
    this.#ahead = [...anchors, ...outside, ...guard].sort((a, b) => (a.size > b.size ? -1 : a.size < b.size ? 1 : 0));
    this.#stored = input.stored[Symbol.asyncIterator]();
    this.#epoch = input.epoch;
  }

  /** Call before the walk. */
  async start(): Promise<void> {
    await this.#advance();
    await this.visit(0n, new Uint8Array(32));
  }

  next(): bigint | undefined {
    return this.#next;
  }

  async visit(size: bigint, root: Bytes): Promise<void> {
    while (this.#next !== undefined && this.#next <= size) {
      const due = this.#take();
      due.tiles = due.size === size && equalBytes(due.root, root) ? "match" : "mismatch";
      this.#keep(due);
      if (due.source === "checkpoint") await this.#advance();
      else this.#look();
    }
  }

  /** Call after the walk: what is left lies beyond the tiles. */
  async finish(): Promise<void> {
    while (this.#next !== undefined) {
      const due = this.#take();
      this.#keep(due);
      if (due.source === "checkpoint") await this.#advance();
      else this.#look();
    }
  }

  #take(): Pin {
    const last = this.#ahead.at(-1);
    if (this.#checkpoint !== undefined && (last === undefined || this.#checkpoint.size <= last.size)) {
      const due = this.#checkpoint;
      this.#checkpoint = undefined;
      return due;
    }
    return this.#ahead.pop() as Pin;
  }

  #keep(due: Pin): void {
    if (due.source === "checkpoint") {
      if (due.tiles === "match") {
        this.matchedCheckpoint = due.size;
        return;
      }
      this.#kept += 1;
      if (this.#kept > MAX_KEPT) return;
    }
    this.pins.push(due);
  }

  /** To the database's next checkpoint that can be compared. */
  async #advance(): Promise<void> {
    while (this.#checkpoint === undefined) {
      const { value, done } = await this.#stored.next();
      if (done === true) break;
      this.#read += 1;
      const { epoch, size, root, problem } = value as StoredCheckpoint;
      if (problem !== undefined) {
        this.checkpoints.badCount += 1;
        if (this.checkpoints.bad.length < MAX_KEPT) this.checkpoints.bad.push({ ...value, ordinal: this.#read });
      } else if (epoch === this.#epoch) {
        this.checkpoints.newest = size;
        this.#checkpoint = pin("checkpoint", size, root);
      }
    }
    this.#look();
  }

  #look(): void {
    const [a, b] = [this.#checkpoint?.size, this.#ahead.at(-1)?.size];
    this.#next = a === undefined || b === undefined ? (a ?? b) : min(a, b);
  }
}

function pin(source: Pin["source"], size: bigint, root: Bytes, anchor?: AnchoredLog): Pin {
  const fresh: Pin = { source, size, root, tiles: "beyond", events: "unknown" };
  return anchor === undefined ? fresh : { ...fresh, anchor };
}
