/** A ledger in trouble is left alone for 1 s, 2 s … 30 s. */
const FIRST_PAUSE_MS = 1_000;
const LAST_PAUSE_MS = 30_000;

/** Which ledgers a stage leaves alone for now, so that one in trouble costs the others nothing. */
export class Pauses {
  readonly #nowMs: () => number;
  readonly #pauses = new Map<bigint, { untilMs: number; pauseMs: number }>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  has(ledgerId: bigint): boolean {
    return (this.#pauses.get(ledgerId)?.untilMs ?? 0) > this.#nowMs();
  }

  add(ledgerId: bigint): void {
    const before = this.#pauses.get(ledgerId)?.pauseMs;
    const pauseMs = before === undefined ? FIRST_PAUSE_MS : Math.min(before * 2, LAST_PAUSE_MS);
    this.#pauses.set(ledgerId, { untilMs: this.#nowMs() + pauseMs, pauseMs });
  }

  end(ledgerId: bigint): void {
    this.#pauses.delete(ledgerId);
  }
}
