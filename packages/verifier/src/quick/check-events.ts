import { hash } from "node:crypto";
import { chainHashes } from "@eventchain/core";
import { type CheckedEvents, noEvents, type SpecialRow } from "./checked-events.ts";
import { commandImage, recordedImage } from "./command-image.ts";
import { decodeRow, POSTGRES_EPOCH_MICROS } from "./decode-row.ts";
import { HeaderWriter } from "./header-writer.ts";
import { judgeRow } from "./judge-row.ts";
import { addImage, emptySum, MultisetKey, type MultisetSum, STREAM_ITEM, TAG_ITEM } from "./multiset-key.ts";
import {
  CONTENT_HASH,
  DATA,
  DATA_HASH,
  EVENT_COLUMNS,
  HASH,
  ID,
  META_HASH,
  META_SALT,
  METADATA,
  POSITION,
  PREV_HASH,
  RECORDED_AT,
  RowFields,
  SALT,
  SCHEMA,
  STREAM,
  TAGS,
  TYPE,
  VERSION,
  wideAt,
} from "./row-fields.ts";
import { type CommandIdSpot, scanCanonical } from "./scan-canonical.ts";

const LINK_BYTES = 88;

/** What is filled row by row, for one batch after the other. */
interface Scratch {
  links: Uint8Array;
  hashes: Uint8Array;
  micros: Float64Array;
  streams: Uint32Array;
}

function makeScratch(rows: number): Scratch {
  return {
    links: new Uint8Array(rows * LINK_BYTES),
    hashes: new Uint8Array(rows * 32),
    micros: new Float64Array(rows),
    streams: new Uint32Array(rows * 3),
  };
}

/** Checks events by the bytes that Postgres sends, without a decoded row for each. */
export class EventCheck {
  readonly #origin: string;
  readonly #header: HeaderWriter;
  readonly #key: MultisetKey;
  readonly #fields = new RowFields(EVENT_COLUMNS);
  readonly #spot: CommandIdSpot = { from: -1, to: -1, isEscaped: false };
  #bytes: Buffer = Buffer.alloc(0);
  #view: DataView = new DataView(new ArrayBuffer(0));
  #tags: MultisetSum = emptySum();
  #commands: MultisetSum = emptySum();
  #specials: SpecialRow[] = [];
  #scratch: Scratch = makeScratch(0);

  /** `key`: see `MultisetKey`. */
  constructor(origin: string, key: Uint8Array) {
    this.#origin = origin;
    this.#header = new HeaderWriter(origin);
    this.#key = new MultisetKey(key);
  }

  /**
   * Checks the messages of a COPY (see `RowFields`), which are spoiled by it. `undefined`: something is not as it should be, or
   * is none of its business; `wanted`: positions whose rows are wanted.
   */
  check(bytes: Buffer, wanted: ReadonlySet<number>): CheckedEvents | undefined {
    this.#bytes = bytes;
    this.#view = this.#fields.open(bytes);
    this.#tags = emptySum();
    this.#commands = emptySum();
    this.#specials = [];
    const { links, hashes, micros, streams } = this.#scratchFor(bytes.length);
    const linkView = new DataView(links.buffer);
    let count = 0;
    let first = 0;
    const { at } = this.#fields;
    while (this.#fields.next()) {
      if (!this.#isWhole()) return undefined;
      const position = wideAt(this.#view, at[POSITION] as number);
      if (count === 0) first = position;
      else if (position !== first + count) return undefined;
      const since = wideAt(this.#view, at[RECORDED_AT] as number);
      const time = since + POSTGRES_EPOCH_MICROS;
      if (!Number.isSafeInteger(since) || !Number.isSafeInteger(time)) return undefined;
      if (count > 0 && time < (micros[count - 1] as number)) return undefined;
      micros[count] = time;
      const isSound = this.#isSpecial(position, wanted)
        ? this.#checkPlainly(position, true)
        : (this.#checkQuickly(position) ?? this.#checkPlainly(position, false));
      if (!isSound || !this.#noteStream(streams, 3 * count)) return undefined;
      if (!this.#link(links, linkView, hashes, count, time)) return undefined;
      count += 1;
    }
    if (count === 0) return noEvents();
    const computed = chainHashes(links.subarray(0, count * LINK_BYTES));
    const stored = hashes.subarray(0, count * 32);
    if (Buffer.compare(computed, stored) !== 0) return undefined;
    return {
      count,
      first,
      prevHash: links.slice(0, 32),
      hashes: stored.slice(),
      micros: micros.slice(0, count),
      streams: streams.slice(0, count * 3),
      tags: this.#tags,
      commands: this.#commands,
      specials: this.#specials,
    };
  }

  /** Room for every row of so many bytes: none is shorter than its hashes and the lengths of its fields. */
  #scratchFor(size: number): Scratch {
    const most = Math.ceil(size / 200);
    if (this.#scratch.micros.length < most) this.#scratch = makeScratch(most);
    return this.#scratch;
  }

  /** Whether every column has a value, but for those that may be erased, and is of its type's length. */
  #isWhole(): boolean {
    const { at, length } = this.#fields;
    for (const hash of HASHES) if (length[hash] !== 32) return false;
    if ((length[STREAM] as number) < 0 || (length[TYPE] as number) < 0) return false;
    if (length[POSITION] !== 8 || length[VERSION] !== 8 || length[RECORDED_AT] !== 8) return false;
    if (length[SCHEMA] !== 4 || length[ID] !== 16 || (length[TAGS] as number) < 12) return false;
    const tagsAt = at[TAGS] as number;
    const dimensions = this.#view.getInt32(tagsAt);
    // Neither more than one dimension nor nulls.
    return dimensions === 0 || (dimensions === 1 && this.#view.getInt32(tagsAt + 4) === 0);
  }

  #isSpecial(position: number, wanted: ReadonlySet<number>): boolean {
    const { at, length } = this.#fields;
    if ((length[DATA] as number) < 0 || (length[METADATA] as number) < 0) return true;
    return this.#bytes[at[TYPE] as number] === 0x24 || (wanted.size > 0 && wanted.has(position));
  }

  /** Undefined: not to be judged here, and the bytes are as they were. What it counts, it counts where it says true. */
  #checkQuickly(position: number): boolean | undefined {
    const bytes = this.#bytes;
    const { at, length } = this.#fields;
    if (length[SALT] !== 16 || length[META_SALT] !== 16) return undefined;
    const dataAt = at[DATA] as number;
    const dataEnd = dataAt + (length[DATA] as number);
    const metaAt = at[METADATA] as number;
    const metaEnd = metaAt + (length[METADATA] as number);
    const spot = this.#spot;
    if (!scanCanonical(bytes, dataAt, dataEnd) || !scanCanonical(bytes, metaAt, metaEnd, spot)) return undefined;
    if (spot.from >= 0 && spot.isEscaped) return undefined;
    const size = this.#writeNames();
    if (size < 0) return undefined;
    const header = this.#header;
    const data = this.#saltedHash(0x44, at[SALT] as number, dataAt, dataEnd);
    const meta = this.#saltedHash(0x4d, at[META_SALT] as number, metaAt, metaEnd);
    if (!header.data(data, bytes, at[DATA_HASH] as number)) return false;
    if (!header.meta(meta, bytes, at[META_HASH] as number)) return false;
    const content = hash("sha256", new Uint8Array(header.bytes.buffer, 0, size), "binary");
    if (!isSame(content, bytes, at[CONTENT_HASH] as number)) return false;
    this.#countTags(position);
    if (spot.from >= 0) {
      recordedImage(this.#key, position, this.#view, spot.from, spot.to - spot.from);
      addImage(this.#commands, this.#key);
    }
    return true;
  }

  /** All of the header but its hashes; its length, or −1 where it cannot be written here. */
  #writeNames(): number {
    const bytes = this.#bytes;
    const { at, length } = this.#fields;
    const header = this.#header;
    const schema = this.#view.getInt32(at[SCHEMA] as number);
    if (schema < 1) return -1;
    if (!header.begin(bytes, at[ID] as number, schema, at[STREAM] as number, length[STREAM] as number)) return -1;
    if (!this.#writeTags()) return -1;
    return header.end(bytes, at[TYPE] as number, length[TYPE] as number);
  }

  /**
   * `H(prefix || salt || text)`, as one character a byte. Between salt and text stand the four bytes of the text's length: the salt
   * is brought next to the text, over them, and the prefix before it.
   */
  #saltedHash(prefix: number, saltAt: number, textAt: number, textEnd: number): string {
    const view = this.#view;
    for (let word = 12; word >= 0; word -= 4) view.setInt32(textAt - 16 + word, view.getInt32(saltAt + word));
    view.setUint8(textAt - 17, prefix);
    return hash("sha256", this.#slice(textAt - 17, textEnd), "binary");
  }

  /** A plain array of the same memory is made much faster than a Buffer. */
  #slice(from: number, to: number): Uint8Array {
    return new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset + from, to - from);
  }

  #writeTags(): boolean {
    const start = this.#fields.at[TAGS] as number;
    if (this.#view.getInt32(start) === 0) return true;
    const count = this.#view.getInt32(start + 12);
    let at = start + 20;
    for (let i = 0; i < count; i++) {
      const length = this.#view.getInt32(at);
      if (!this.#header.tag(this.#bytes, at + 4, length)) return false;
      at += 4 + length;
    }
    return true;
  }

  #countTags(position: number): void {
    const { at: fieldAt, length: fieldLength } = this.#fields;
    const start = fieldAt[TAGS] as number;
    if (this.#view.getInt32(start) === 0) return;
    const count = this.#view.getInt32(start + 12);
    let at = start + 20;
    for (let i = 0; i < count; i++) {
      const length = this.#view.getInt32(at);
      this.#key.begin(TAG_ITEM);
      this.#key.integer(position);
      this.#key.bytes(this.#view, at + 4, length);
      this.#key.bytes(this.#view, fieldAt[TYPE] as number, fieldLength[TYPE] as number);
      this.#key.end();
      addImage(this.#tags, this.#key);
      at += 4 + length;
    }
  }

  /** The way of `scanEvents`, for what the quick way does not judge. */
  #checkPlainly(position: number, isSpecial: boolean): boolean {
    const row = decodeRow(this.#bytes, this.#view, this.#fields);
    const judged = judgeRow(row, this.#origin);
    if (judged === undefined) return false;
    if (judged.command !== undefined) {
      commandImage(this.#key, position, judged.command, judged.rejection);
      addImage(this.#commands, this.#key);
    }
    this.#countTags(position);
    if (isSpecial) this.#specials.push({ row, unnamed: judged.unnamed });
    return true;
  }

  #noteStream(streams: Uint32Array, to: number): boolean {
    const { at, length } = this.#fields;
    const version = wideAt(this.#view, at[VERSION] as number);
    if (version < 1 || version >= 2 ** 32) return false;
    this.#key.begin(STREAM_ITEM);
    this.#key.bytes(this.#view, at[STREAM] as number, length[STREAM] as number);
    this.#key.end();
    streams[to] = this.#key.low;
    streams[to + 1] = this.#key.high;
    streams[to + 2] = version;
    return true;
  }

  /** What the row's hash is made of, for all rows of the batch at once. False, where it is not chained to the one before. */
  #link(links: Uint8Array, view: DataView, hashes: Uint8Array, index: number, micros: number): boolean {
    const bytes = this.#bytes;
    const { at } = this.#fields;
    const [prevAt, hashAt, contentAt] = [at[PREV_HASH] as number, at[HASH] as number, at[CONTENT_HASH] as number];
    const to = index * LINK_BYTES;
    const before = (index - 1) * 32;
    let difference = 0;
    for (let i = 0; i < 32; i++) {
      const byte = bytes[prevAt + i] as number;
      if (index > 0) difference |= byte ^ (hashes[before + i] as number);
      links[to + i] = byte;
      links[to + 56 + i] = bytes[contentAt + i] as number;
      hashes[index * 32 + i] = bytes[hashAt + i] as number;
    }
    view.setInt32(to + 32, this.#view.getInt32(at[POSITION] as number));
    view.setInt32(to + 36, this.#view.getInt32((at[POSITION] as number) + 4));
    view.setInt32(to + 40, this.#view.getInt32(at[VERSION] as number));
    view.setInt32(to + 44, this.#view.getInt32((at[VERSION] as number) + 4));
    view.setInt32(to + 48, Math.floor(micros / 2 ** 32));
    // As every integer is that is set: modulo 2^32.
    view.setUint32(to + 52, micros);
    return difference === 0;
  }
}

const HASHES = [DATA_HASH, META_HASH, CONTENT_HASH, PREV_HASH, HASH];

function isSame(digest: string, bytes: Uint8Array, at: number): boolean {
  let difference = 0;
  for (let i = 0; i < 32; i++) difference |= digest.charCodeAt(i) ^ (bytes[at + i] as number);
  return difference === 0;
}
