import { canonicalJson } from "./canonical-json.ts";
import { exceedsBytes, type JsonLimits, resolveLimits } from "./limits.ts";

/**
 * Whether a text is, byte for byte, the canonical JSON (RFC 8785) of the object that it parses to, within the limits of
 * `canonicalJson`. Repeated keys, spaces, other spellings of numbers and strings, U+0000 and lone surrogates all fail.
 */
export function isCanonicalObject(text: string, options?: JsonLimits): boolean {
  const limits = resolveLimits(options);
  if (!text.startsWith("{") || exceedsBytes(text, limits.maxBytes)) return false;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return false;
  }
  // The quick way: with keys in order, JSON.stringify writes canonical JSON, but for the escapes that canonical JSON refuses.
  // Texts that may hold one, or whose keys JavaScript reorders (digits first), are written out in full.
  if (!text.includes("\\ud") && !text.includes("\\u0000") && isOrdered(value, limits.maxDepth)) {
    return JSON.stringify(value) === text;
  }
  try {
    return canonicalJson(value, limits) === text;
  } catch {
    return false;
  }
}

/** Whether every object's keys come in the order of their UTF-16 code units, and nothing nests too deep. */
function isOrdered(value: unknown, depthLeft: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  if (depthLeft === 0) return false;
  if (Array.isArray(value)) return value.every((item) => isOrdered(item, depthLeft - 1));
  let previous: string | undefined;
  for (const key of Object.keys(value)) {
    if (previous !== undefined && key < previous) return false;
    previous = key;
    if (!isOrdered((value as Record<string, unknown>)[key], depthLeft - 1)) return false;
  }
  return true;
}
