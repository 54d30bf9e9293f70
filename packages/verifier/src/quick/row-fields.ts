/** Columns of an event, in the order in which `event-copy.sql` gives them. */
export const POSITION = 0;
export const VERSION = 1;
export const RECORDED_AT = 2;
export const SCHEMA = 3;
export const ID = 4;
export const STREAM = 5;
export const TYPE = 6;
export const TAGS = 7;
export const SALT = 8;
export const DATA = 9;
export const DATA_HASH = 10;
export const META_SALT = 11;
export const METADATA = 12;
export const META_HASH = 13;
export const CONTENT_HASH = 14;
export const PREV_HASH = 15;
export const HASH = 16;
export const EVENT_COLUMNS = 17;

/** `PGCOPY\n\xff\r\n\0`, eleven bytes, then flags and the length of an extension, none of which is used. */
const SIGNATURE = [0x50, 0x47, 0x43, 0x4f, 0x50, 0x59, 0x0a, 0xff, 0x0d, 0x0a, 0x00];
const HEADER_BYTES = SIGNATURE.length + 8;
/** The byte and the length before each message's contents. */
const MESSAGE_BYTES = 5;

/**
 * Goes through the rows of a binary COPY: messages as they came (`d`, length, contents), with the header before the first row and
 * the end's mark after the last one. Fields are named by their number: where each stands in `bytes`, and its length, −1 for null.
 */
export class RowFields {
  readonly at: Int32Array;
  readonly length: Int32Array;
  #bytes: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(new ArrayBuffer(0));
  #next = 0;
  readonly #count: number;

  /** `count`: how many fields a row has. */
  constructor(count: number) {
    this.#count = count;
    this.at = new Int32Array(count);
    this.length = new Int32Array(count);
  }

  /** Whole messages only. */
  open(bytes: Uint8Array): DataView {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#next = 0;
    return this.#view;
  }

  /** To the next row; false after the last one. Throws RangeError for what no COPY of so many columns gives. */
  next(): boolean {
    const view = this.#view;
    while (this.#next < this.#bytes.length) {
      let at = this.#next + MESSAGE_BYTES;
      const end = this.#next + 1 + view.getInt32(this.#next + 1);
      this.#next = end;
      if (this.#isSignature(at)) at += HEADER_BYTES;
      if (at === end) continue;
      const count = view.getInt16(at);
      if (count === -1) continue;
      if (count !== this.#count) throw new RangeError("a row has another number of fields");
      at += 2;
      for (let field = 0; field < count; field++) {
        const length = view.getInt32(at);
        at += 4;
        this.at[field] = at;
        this.length[field] = length;
        if (length > 0) at += length;
      }
      if (at !== end) throw new RangeError("a row is not as long as its fields");
      return true;
    }
    return false;
  }

  /** A row begins with the number of its fields, which is less than the signature's first two letters. */
  #isSignature(at: number): boolean {
    if (this.#bytes[at] !== SIGNATURE[0]) return false;
    return SIGNATURE.every((byte, i) => this.#bytes[at + i] === byte);
  }
}

/** An integer of eight bytes as a number: exact, or no safe integer; which of them, ask before anything is added to it. */
export function wideAt(view: DataView, at: number): number {
  return view.getInt32(at) * 2 ** 32 + view.getUint32(at + 4);
}
