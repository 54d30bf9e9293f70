import { platform } from "#crypto";
import { type Bytes, concatBytes, utf8 } from "./encode-bytes.ts";

/**
 * SHA-256 of the parts joined, texts as their UTF-8: 32 bytes. A lone surrogate counts as U+FFFD: check texts before.
 */
export function sha256(...parts: readonly (Bytes | string)[]): Bytes {
  const [only] = parts;
  if (only !== undefined && parts.length === 1) return platform.sha256(only);
  return platform.sha256(concatBytes(...parts.map((part) => (typeof part === "string" ? utf8(part) : part))));
}
