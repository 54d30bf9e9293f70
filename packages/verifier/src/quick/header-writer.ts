import { isUtf8 } from "node:buffer";
import { utf8 } from "@eventchain/core";

/** Room for an event's header; one that needs more is written by `eventHeader`. */
const HEADER_BYTES = 64 * 1024;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

const HIGH_DIGIT = Uint8Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0").charCodeAt(0));
const LOW_DIGIT = Uint8Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0").charCodeAt(1));
/** Where a UUID's bytes stand in its text. */
const UUID_AT = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];

/**
 * Writes the headers of a ledger's events (`eventHeader`), one after the other into the same bytes: keys, order and origin stay,
 * only what differs is written anew. In the order of its methods: `data` and `meta`, then `begin`, `tag` for each, `end`.
 */
export class HeaderWriter {
  readonly bytes: Uint8Array = new Uint8Array(HEADER_BYTES);
  readonly #dataAt: number;
  readonly #idAt: number;
  readonly #metaAt: number;
  readonly #schemaAt: number;
  #at = 0;
  #tags = 0;
  /** All bytes of names so far, or-ed. */
  #seen = 0;

  constructor(origin: string) {
    const put = (text: string): number => {
      const bytes = utf8(text);
      this.bytes.set(bytes, this.#at);
      this.#at += bytes.length;
      return this.#at;
    };
    this.#dataAt = put('{"data":"');
    this.#at += 64;
    this.#idAt = put('","id":"');
    this.#at += 36;
    for (const dash of [8, 13, 18, 23]) this.bytes[this.#idAt + dash] = 0x2d;
    this.#metaAt = put(`","ledger":${JSON.stringify(origin)},"meta":"`);
    this.#at += 64;
    this.#schemaAt = put('","schema":');
  }

  /** A digest of one character a byte. False, where the stored hash is another one. */
  data(digest: string, stored: Uint8Array, at: number): boolean {
    return this.#hash(this.#dataAt, digest, stored, at);
  }

  meta(digest: string, stored: Uint8Array, at: number): boolean {
    return this.#hash(this.#metaAt, digest, stored, at);
  }

  /** False, where it cannot be written here: a name that needs an escape, or is too long. */
  begin(id: Uint8Array, idAt: number, schema: number, streamAt: number, streamLength: number): boolean {
    const { bytes } = this;
    for (let i = 0; i < 16; i++) {
      const byte = id[idAt + i] as number;
      const to = this.#idAt + (UUID_AT[i] as number);
      bytes[to] = HIGH_DIGIT[byte] as number;
      bytes[to + 1] = LOW_DIGIT[byte] as number;
    }
    this.#at = this.#schemaAt;
    this.#seen = 0;
    this.#tags = 0;
    if (schema < 10) bytes[this.#at++] = 0x30 + schema;
    else this.#text(`${schema}`);
    this.#text(',"stream":"');
    const isWritten = this.#name(id, streamAt, streamLength);
    this.#text('","tags":[');
    return isWritten;
  }

  tag(from: Uint8Array, at: number, length: number): boolean {
    this.#text(this.#tags === 0 ? '"' : ',"');
    this.#tags += 1;
    const isWritten = this.#name(from, at, length);
    this.bytes[this.#at++] = QUOTE;
    return isWritten;
  }

  /** The header's length; −1 where it cannot be written here. */
  end(from: Uint8Array, typeAt: number, typeLength: number): number {
    this.#text('],"type":"');
    if (!this.#name(from, typeAt, typeLength)) return -1;
    this.#text('"}');
    return this.#seen < 0x80 || isUtf8(this.bytes.subarray(0, this.#at)) ? this.#at : -1;
  }

  #hash(to: number, digest: string, stored: Uint8Array, at: number): boolean {
    const { bytes } = this;
    let difference = 0;
    for (let i = 0; i < 32; i++) {
      const byte = digest.charCodeAt(i);
      difference |= byte ^ (stored[at + i] as number);
      bytes[to + 2 * i] = HIGH_DIGIT[byte] as number;
      bytes[to + 2 * i + 1] = LOW_DIGIT[byte] as number;
    }
    return difference === 0;
  }

  #text(text: string): void {
    for (let i = 0; i < text.length; i++) this.bytes[this.#at + i] = text.charCodeAt(i);
    this.#at += text.length;
  }

  #name(from: Uint8Array, at: number, length: number): boolean {
    const { bytes } = this;
    const to = this.#at;
    // What is past the end is not written, and this much is kept for what follows.
    if (to + length + 64 > HEADER_BYTES) return false;
    let seen = 0;
    for (let i = 0; i < length; i++) {
      const byte = from[at + i] as number;
      if (byte < 0x20 || byte === QUOTE || byte === BACKSLASH) return false;
      seen |= byte;
      bytes[to + i] = byte;
    }
    this.#seen |= seen;
    this.#at = to + length;
    return true;
  }
}
