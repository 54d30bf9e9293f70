/** So many streams are remembered: 24 MiB. */
const MAX_STREAMS = 1 << 20;
const SLOT = 3;
const FIRST_SLOTS = 1 << 12;

/**
 * The newest version of each stream, by the stream's image (`MultisetKey`). Open addressing in one array; version 0 is a free
 * slot. Two streams of one image would be one: their versions would not follow each other, which is looked into.
 */
export class StreamVersions {
  #slots = new Uint32Array(FIRST_SLOTS * SLOT);
  #mask = FIRST_SLOTS - 1;
  #count = 0;
  /** There were more streams than are remembered: nothing is known any more. */
  isFull = false;

  /** Three numbers for each event: image, image, version. False: a version that is not the next of its stream. */
  follow(events: Uint32Array): boolean {
    for (let i = 0; i < events.length && !this.isFull; i += SLOT) {
      const [low, high, version] = [events[i] as number, events[i + 1] as number, events[i + 2] as number];
      const at = this.#find(this.#slots, low, high);
      if (version !== (this.#slots[at + 2] as number) + 1) return false;
      this.#slots[at] = low;
      this.#slots[at + 1] = high;
      this.#slots[at + 2] = version;
      if (version === 1) this.#grow();
    }
    return true;
  }

  #find(slots: Uint32Array, low: number, high: number): number {
    for (let slot = low & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const at = slot * SLOT;
      if (slots[at + 2] === 0 || (slots[at] === low && slots[at + 1] === high)) return at;
    }
  }

  #grow(): void {
    this.#count += 1;
    if (2 * this.#count <= this.#mask) return;
    if (this.#count >= MAX_STREAMS) {
      this.isFull = true;
      this.#slots = new Uint32Array(0);
      return;
    }
    const old = this.#slots;
    this.#slots = new Uint32Array(old.length * 2);
    this.#mask = 2 * this.#mask + 1;
    for (let from = 0; from < old.length; from += SLOT) {
      if (old[from + 2] === 0) continue;
      const at = this.#find(this.#slots, old[from] as number, old[from + 1] as number);
      this.#slots.set(old.subarray(from, from + SLOT), at);
    }
  }
}
