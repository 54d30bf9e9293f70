/** What an item is about, so that no two kinds have one image. */
export const TAG_ITEM = 1;
export const COMMAND_ITEM = 2;
export const STREAM_ITEM = 3;

/**
 * A keyed function of byte strings (HalfSipHash-1-3 with 64 bits of result, Aumasson and Bernstein's SipHash in words of 32
 * bits). Two multisets whose images add up to the same sums, each half for itself, are the same multiset but for one chance in
 * 2^64: the key is drawn when the rows are long written, so nobody could choose them by it.
 * Call `begin`, then the parts, then `end`; the result is in `low` and `high`.
 */
export class MultisetKey {
  /** Eight bytes. */
  readonly key: Uint8Array;
  low = 0;
  high = 0;
  #k0: number;
  #k1: number;
  #v0 = 0;
  #v1 = 0;
  #v2 = 0;
  #v3 = 0;

  constructor(key: Uint8Array) {
    this.key = key;
    const view = new DataView(key.buffer, key.byteOffset, 8);
    this.#k0 = view.getInt32(0, true);
    this.#k1 = view.getInt32(4, true);
  }

  begin(kind: number): void {
    this.#v0 = this.#k0;
    this.#v1 = this.#k1 ^ 0xee;
    this.#v2 = 0x6c796765 ^ this.#k0;
    this.#v3 = 0x74656462 ^ this.#k1;
    this.word(kind);
  }

  /** 32 bits. */
  word(value: number): void {
    this.#v3 ^= value;
    this.#rounds(1);
    this.#v0 ^= value;
  }

  /** An integer of up to 53 bits, not negative. */
  integer(value: number): void {
    this.word(Math.floor(value / 2 ** 32));
    this.word(value | 0);
  }

  /** Bytes, and how many there are: what comes next is not taken for a part of them. */
  bytes(bytes: DataView, from: number, length: number): void {
    this.word(length);
    let v0 = this.#v0;
    let v1 = this.#v1;
    let v2 = this.#v2;
    let v3 = this.#v3;
    const end = from + length;
    for (let at = from; at < end; at += 4) {
      const value = at + 4 <= end ? bytes.getInt32(at, true) : lastWord(bytes, at, end);
      v3 ^= value;
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
      v0 ^= value;
    }
    this.#v0 = v0;
    this.#v1 = v1;
    this.#v2 = v2;
    this.#v3 = v3;
  }

  end(): void {
    this.#v2 ^= 0xee;
    this.#rounds(3);
    this.low = this.#v1 ^ this.#v3;
    this.#v1 ^= 0xdd;
    this.#rounds(3);
    this.high = this.#v1 ^ this.#v3;
  }

  #rounds(count: number): void {
    let v0 = this.#v0;
    let v1 = this.#v1;
    let v2 = this.#v2;
    let v3 = this.#v3;
    for (let round = 0; round < count; round++) {
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
    }
    this.#v0 = v0;
    this.#v1 = v1;
    this.#v2 = v2;
    this.#v3 = v3;
  }
}

function lastWord(bytes: DataView, from: number, end: number): number {
  // What is past the end is masked, where there is so much memory.
  if (from + 4 <= bytes.byteLength) return bytes.getInt32(from, true) & ((1 << (8 * (end - from))) - 1);
  let word = 0;
  for (let at = from; at < end; at++) word |= bytes.getUint8(at) << (8 * (at - from));
  return word;
}

/** The sums of a multiset's images, each half modulo 2^32, and how many there are: 2^32 times the same adds up to nothing. */
export interface MultisetSum {
  low: number;
  high: number;
  count: number;
}

export function emptySum(): MultisetSum {
  return { low: 0, high: 0, count: 0 };
}

/** Adds the item that the key was last used for. */
export function addImage(sum: MultisetSum, { low, high }: MultisetKey): void {
  sum.low = (sum.low + low) | 0;
  sum.high = (sum.high + high) | 0;
  sum.count += 1;
}

export function addSum(sum: MultisetSum, { low, high, count }: MultisetSum): void {
  sum.low = (sum.low + low) | 0;
  sum.high = (sum.high + high) | 0;
  sum.count += count;
}

export function isSameSum(a: MultisetSum, b: MultisetSum): boolean {
  return a.low === b.low && a.high === b.high && a.count === b.count;
}
