/** Raw bytes; sizes and contents are what the function at hand says. */
export type Bytes = Uint8Array;

/** The two digits of each byte. */
export const HEX_OF_BYTE: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).padStart(2, "0"),
);
const encoder = new TextEncoder();

/** Lower-case hex, two digits for each byte, without a prefix. */
export function bytesToHex(bytes: Bytes): string {
  let hex = "";
  for (const byte of bytes) hex += HEX_OF_BYTE[byte];
  return hex;
}

/** Standard base64 with padding (RFC 4648 section 4). */
export function bytesToBase64(bytes: Bytes): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** UTF-8. A lone surrogate becomes U+FFFD: check names and texts before. */
export function utf8(text: string): Bytes {
  return encoder.encode(text);
}

/** One array of all the parts, in order. */
export function concatBytes(...parts: readonly Bytes[]): Bytes {
  let length = 0;
  for (const part of parts) length += part.length;
  const joined = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

/** Same length and same bytes. Not constant in time: nothing here is secret. */
export function equalBytes(a: Bytes, b: Bytes): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
