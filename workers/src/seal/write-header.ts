import { type Bytes, utf8 } from "@eventchain/core";
import { EVENT_COLUMN as COLUMN, type EventRows, placeOf } from "@eventchain/store";

/** Of a header with names of a usual length; a longer one is left to `eventHeader`. */
const ROOM_BYTES = 16_384;
const HASH_DIGITS = 64;
const ID_CHARACTERS = 36;
const HEX_DIGITS = utf8("0123456789abcdef");
const [QUOTE, COMMA, HYPHEN, ZERO, BACKSLASH] = [0x22, 0x2c, 0x2d, 0x30, 0x5c];

/** A row's `eventHeader` as bytes, valid until the next call; undefined where `eventHeader` itself has to write it. */
export type WriteHeader = (rows: EventRows, row: number) => Bytes | undefined;

/** Bytes that are written one after the other. */
interface Room {
  bytes: Uint8Array;
  end: number;
}

/**
 * Writes headers without making strings of them: it is what a sealer does most. The first half is written once, with gaps,
 * for a ledger's origin does not change; names are copied where JSON has them as they are.
 */
export function openHeaderWriter(origin: string): WriteHeader {
  const room: Room = { bytes: new Uint8Array(ROOM_BYTES), end: 0 };
  const data = putGap(room, '{"data":"', HASH_DIGITS);
  const id = putGap(room, '","id":"', ID_CHARACTERS);
  for (const hyphen of [8, 13, 18, 23]) room.bytes[id + hyphen] = HYPHEN;
  const meta = putGap(room, `","ledger":${JSON.stringify(origin)},"meta":"`, HASH_DIGITS);
  const schema = putGap(room, '","schema":', 0);
  const [stream, tags, type, end] = [utf8(',"stream":"'), utf8('","tags":['), utf8('],"type":"'), utf8('"}')];
  return (rows, row) => {
    const { bytes, places } = rows;
    const at = placeOf(row, 0);
    const [streamFrom, streamTo] = [
      places[at + 2 * COLUMN.stream] as number,
      places[at + 2 * COLUMN.stream + 1] as number,
    ];
    const [typeFrom, typeTo] = [places[at + 2 * COLUMN.type] as number, places[at + 2 * COLUMN.type + 1] as number];
    const tagsFrom = places[at + 2 * COLUMN.tags] as number;
    const tagsTo = places[at + 2 * COLUMN.tags + 1] as number;
    // A tag takes less room in JSON than in Postgres' form, where its length has four bytes.
    if (schema + 256 + (streamTo - streamFrom) + (typeTo - typeFrom) + (tagsTo - tagsFrom) > ROOM_BYTES)
      return undefined;
    putHex(room.bytes, data, bytes, places[at + 2 * COLUMN.dataHash] as number, 32);
    putUuid(room.bytes, id, bytes, places[at + 2 * COLUMN.id] as number);
    putHex(room.bytes, meta, bytes, places[at + 2 * COLUMN.metaHash] as number, 32);
    room.end = schema;
    if (!putSchema(room, bytes, places[at + 2 * COLUMN.schema] as number)) return undefined;
    putBytes(room, stream);
    if (!putName(room, bytes, streamFrom, streamTo)) return undefined;
    putBytes(room, tags);
    if (!putTags(room, bytes, tagsFrom, tagsTo)) return undefined;
    putBytes(room, type);
    if (!putName(room, bytes, typeFrom, typeTo)) return undefined;
    putBytes(room, end);
    return room.bytes.subarray(0, room.end);
  };
}

/** Where the gap after the text begins. */
function putGap(room: Room, text: string, length: number): number {
  putBytes(room, utf8(text));
  const at = room.end;
  room.end += length;
  return at;
}

function putBytes(room: Room, bytes: Bytes): void {
  for (let i = 0; i < bytes.length; i++) room.bytes[room.end++] = bytes[i] as number;
}

function putHex(into: Uint8Array, at: number, bytes: Bytes, from: number, count: number): void {
  for (let i = 0; i < count; i++) {
    const byte = bytes[from + i] as number;
    into[at + 2 * i] = HEX_DIGITS[byte >> 4] as number;
    into[at + 2 * i + 1] = HEX_DIGITS[byte & 15] as number;
  }
}

/** Its hyphens stand there already. */
function putUuid(into: Uint8Array, at: number, bytes: Bytes, from: number): void {
  putHex(into, at, bytes, from, 4);
  putHex(into, at + 9, bytes, from + 4, 2);
  putHex(into, at + 14, bytes, from + 6, 2);
  putHex(into, at + 19, bytes, from + 8, 2);
  putHex(into, at + 24, bytes, from + 10, 6);
}

/** Decimal, from 1. */
function putSchema(room: Room, bytes: Bytes, at: number): boolean {
  let rest = readInt32(bytes, at);
  if (rest < 1) return false;
  let digits = 1;
  for (let power = 10; power <= rest; power *= 10) digits++;
  room.end += digits;
  for (let i = 1; i <= digits; i++, rest = Math.floor(rest / 10)) room.bytes[room.end - i] = ZERO + (rest % 10);
  return true;
}

/** False where a character is written otherwise in JSON: quote, backslash and what controls. */
function putName(room: Room, bytes: Bytes, from: number, to: number): boolean {
  for (let i = from; i < to; i++) {
    const byte = bytes[i] as number;
    if (byte < 0x20 || byte === QUOTE || byte === BACKSLASH) return false;
    room.bytes[room.end++] = byte;
  }
  return true;
}

/** A plain list, as Postgres has it: dimensions, a flag for nulls, the type; a length and a bound; then the elements. */
function putTags(room: Room, bytes: Bytes, from: number, to: number): boolean {
  if (readInt32(bytes, from) === 0) return true;
  if (readInt32(bytes, from) !== 1 || readInt32(bytes, from + 4) !== 0) return false;
  for (let at = from + 20; at < to; ) {
    const length = readInt32(bytes, at);
    if (at > from + 20) room.bytes[room.end++] = COMMA;
    room.bytes[room.end++] = QUOTE;
    if (!putName(room, bytes, at + 4, at + 4 + length)) return false;
    room.bytes[room.end++] = QUOTE;
    at += 4 + length;
  }
  return true;
}

function readInt32(bytes: Bytes, at: number): number {
  const [a, b, c, d] = [bytes[at] as number, bytes[at + 1] as number, bytes[at + 2] as number, bytes[at + 3] as number];
  return (a << 24) | (b << 16) | (c << 8) | d;
}
