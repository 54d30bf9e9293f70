/** Ranges of positions, both ends included, in whatever order they come; neighbours are kept as one. */
export class RunLimits {
  readonly #runs: { from: bigint; to: bigint }[] = [];

  add(from: bigint, to: bigint): void {
    const last = this.#runs.at(-1);
    if (last !== undefined && from <= last.to + 1n && to >= last.from - 1n) {
      if (from < last.from) last.from = from;
      if (to > last.to) last.to = to;
    } else {
      this.#runs.push({ from, to });
    }
  }

  has(position: bigint): boolean {
    return this.#runs.some((run) => run.from <= position && position <= run.to);
  }

  /** The least position of all; undefined for none. */
  first(): bigint | undefined {
    return this.#runs.reduce<bigint | undefined>(
      (least, { from }) => (least === undefined || from < least ? from : least),
      undefined,
    );
  }
}
