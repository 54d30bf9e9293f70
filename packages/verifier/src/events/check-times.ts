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
  readonly #skewMicros: bigint;
  readonly #runs: (Draft & { position: bigint })[] = [];
  #next = 0;
  #previous: { position: bigint; micros: bigint } | undefined;

  /** Anchors in the order of their sizes. */
  constructor(anchors: readonly DatedAnchor[], skewMicros: bigint) {
    this.#anchors = anchors;
    this.#skewMicros = skewMicros;
  }

  see({ row, position, sealed }: ProvenEvent): void {
    const micros = row.recordedAtMicros;
    if (micros === undefined) return;
    if (this.#previous?.position === position - 1n && micros < this.#previous.micros) {
      this.#report(position, row, "its time is earlier than that of the event before it");
    }
    this.#previous = { position, micros };
    if (!sealed) return;
    while ((this.#anchors[this.#next]?.size ?? position) < position) this.#next += 1;
    const anchor = this.#anchors[this.#next];
    if (anchor === undefined || micros <= anchor.timeMicros + 1_000_000n + this.#skewMicros) return;
    this.#report(position, row, "its time is later than that of the block that anchors it");
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
