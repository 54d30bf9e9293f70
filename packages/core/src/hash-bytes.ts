import { platform } from "#crypto";
import { type Bytes, concatBytes } from "./encode-bytes.ts";

/** SHA-256 of the parts joined: 32 bytes. */
export function sha256(...parts: readonly Bytes[]): Bytes {
  const [only] = parts;
  return platform.sha256(only !== undefined && parts.length === 1 ? only : concatBytes(...parts));
}
