/** So many different 32-byte entries, one after the other: what a ledger's event hashes look like. */
export function makeEntries(count: number): Uint8Array {
  const entries = new Uint8Array(32 * count);
  const words = new Uint32Array(entries.buffer);
  // A generator of Marsaglia's: the hashes need not be good, only different and incompressible.
  let state = 2_463_534_242;
  for (let i = 0; i < words.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[i] = state;
  }
  return entries;
}

export function entryAt(entries: Uint8Array, index: number): Uint8Array {
  return entries.subarray(32 * index, 32 * index + 32);
}
