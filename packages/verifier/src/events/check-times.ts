import type { Draft } from "../findings/draft.ts";
import type { ProvenEvent } from "./proven-event.ts";

/** An anchor that vouches for the log, and when. */
export interface DatedAnchor {
  size: bigint;
  timeMicros: bigint;
  block: bigint;
}

/**
 * Compares recorded times with the blocks that anchor the events, and with each other. A block's time has a granularity of one
 * second, so its whole second counts, and beyond it the clocks may differ by `skewMicros`.
 */
export class TimeCheck {
  readonly #anchors: readonly DatedAnchor[];
  readonly #beyond: readonly DatedAnchor[];
  readonly #skewMicros: bigint;
  readonly #runs: (Draft & { position: bigint })[] = [];
  #next = 0;
  #plausibleTo: bigint | undefined;
  #isTailOver = false;
  #previous: { position: bigint; micros: bigint } | undefined;

  /** Anchors that vouch for the log, and heads beyond it, each in the order of their sizes. */
  constructor(anchors: readonly DatedAnchor[], beyond: readonly DatedAnchor[], skewMicros: bigint) {
    this.#anchors = anchors;
    this.#beyond = beyond;
    this.#skewMicros = skewMicros;
  }

  see({ row, position, sealed }: ProvenEvent): void {
    const micros = row.recordedAtMicros;
    if (micros === undefined) return;
    if (this.#previous?.position === position - 1n && micros < this.#previous.micros) {
      this.#report(position, row, "its time is earlier than that of the event before it");
    }
    this.#previous = { position, micros };
    if (!sealed) {
      this.#seeTail(position, micros);
      return;
    }
    while ((this.#anchors[this.#next]?.size ?? position) < position) this.#next += 1;
    const anchor = this.#anchors[this.#next];
    if (anchor === undefined || micros <= anchor.timeMicros + 1_000_000n + this.#skewMicros) return;
    this.#report(position, row, "its time is later than that of the block that anchors it");
  }

  /**
   * The last of the events past the log that were recorded before the block of a head that covers them, without a break:
   * those may be what the head stands for, any later one came after it. Undefined: there is none.
   */
  get plausibleTo(): bigint | undefined {
    return this.#plausibleTo;
  }

  #seeTail(position: bigint, micros: bigint): void {
    if (this.#isTailOver) return;
    const head = this.#beyond.find(({ size }) => size >= position);
    if (head === undefined || micros > head.timeMicros + 1_000_000n) this.#isTailOver = true;
    else this.#plausibleTo = position;
  }

  #report(position: bigint, row: ProvenEvent["row"], detail: string): void {
    const last = this.#runs.at(-1);
    if (last !== undefined && last.detail === detail && (last.to ?? last.position) === position - 1n) {
      last.to = position;
      return;
    }
    this.#runs.push({ area: "time", kind: "misdated", position, eventId: row.id, stream: row.stream, detail });
  }

  drafts(): Draft[] {
    return this.#runs;
  }
}
