/** How deep objects and arrays may nest, unless an option says otherwise; the outermost one counts as 1. */
export const MAX_JSON_DEPTH = 64;

/** How many bytes of UTF-8 a JSON text may have, unless an option says otherwise: 1 MiB. */
export const MAX_JSON_BYTES: number = 1024 * 1024;

/** Limits of JSON values and texts. */
export interface JsonLimits {
  /** Objects and arrays within each other, 1 … 1,000. Default 64. */
  maxDepth?: number;
  /** Bytes of the text in UTF-8. Default 1 MiB. */
  maxBytes?: number;
}

/** The recursion in this package goes as deep as the value: far from the stack's end at this depth. No event is deeper. */
export const DEEPEST_JSON = 1000;

/** The limits with their defaults filled in. */
export function resolveLimits(limits: JsonLimits | undefined): { maxDepth: number; maxBytes: number } {
  return {
    maxDepth: Math.min(limits?.maxDepth ?? MAX_JSON_DEPTH, DEEPEST_JSON),
    maxBytes: limits?.maxBytes ?? MAX_JSON_BYTES,
  };
}

/** Whether a text is longer than `maxBytes` in UTF-8; encodes it only when its length leaves that open. */
export function exceedsBytes(text: string, maxBytes: number): boolean {
  if (text.length > maxBytes) return true;
  // A UTF-16 code unit is at most three bytes of UTF-8.
  return text.length * 3 > maxBytes && new TextEncoder().encode(text).length > maxBytes;
}
