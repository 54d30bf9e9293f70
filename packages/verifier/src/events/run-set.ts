/** A run of positions, both ends included. */
export interface Run {
  from: bigint;
  to: bigint;
}

/** A set of positions that come in ascending order, kept as runs: neighbours take no room. */
export class RunSet {
  #runs: Run[] = [];

  /** `position` is not less than any before. */
  add(position: bigint): void {
    const last = this.#runs.at(-1);
    if (last !== undefined && (last.to === position - 1n || last.to === position)) last.to = position;
    else this.#runs.push({ from: position, to: position });
  }

  remove(position: bigint): void {
    const at = this.#find(position);
    const run = this.#runs[at];
    if (run === undefined || position < run.from) return;
    const parts = [
      { from: run.from, to: position - 1n },
      { from: position + 1n, to: run.to },
    ].filter((part) => part.from <= part.to);
    this.#runs.splice(at, 1, ...parts);
  }

  runs(): readonly Run[] {
    return this.#runs;
  }

  /** The index of the first run that does not end before the position. */
  #find(position: bigint): number {
    let [low, high] = [0, this.#runs.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#runs[middle] as Run).to < position) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
