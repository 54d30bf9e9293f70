/**
 * Orders two well-formed texts as their UTF-8 bytes do, which is the order of code points and of `collate "C"`; negative,
 * zero or positive. JavaScript's own order puts U+E000 … U+FFFF after all that lies beyond the first plane.
 */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** A code unit's place in code-point order: the surrogates, which stand for U+10000 and up, come last. */
function rank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}
