import { type Bytes, bytesToHex } from "@eventchain/core";
import type { StoredEvent } from "../../port.ts";

/** The columns of an event's row, in the order of seal-events.sql. */
export const EVENT_COLUMN = {
  position: 0,
  version: 1,
  recordedAt: 2,
  id: 3,
  schema: 4,
  stream: 5,
  type: 6,
  tags: 7,
  salt: 8,
  data: 9,
  metaSalt: 10,
  metadata: 11,
  dataHash: 12,
  metaHash: 13,
  contentHash: 14,
  prevHash: 15,
  hash: 16,
} as const;

type Column = (typeof EVENT_COLUMN)[keyof typeof EVENT_COLUMN];
const COLUMNS = 17;

/** Microseconds from 1970-01-01 UTC, which the format counts from, to 2000-01-01, which Postgres counts from. */
export const POSTGRES_EPOCH_MICROS = 946_684_800_000_000n;

/**
 * Events as the database sends them. Columns have Postgres' own binary form: integers big-endian, a time in microseconds
 * since 2000, a UUID of 16 bytes, texts in UTF-8. Whoever reads millions looks at the bytes where they are.
 */
export interface EventRows {
  count: number;
  bytes: Bytes;
  /** Where the columns are: at `placeOf(row, column)` the start of one, after it its end; both −1 for null. */
  places: Int32Array;
}

/** The index in `places` of a column's start; its end is the next one. */
export function placeOf(row: number, column: Column): number {
  return 2 * (COLUMNS * row + column);
}

/** Finds the columns of each row in a page of `copyRows`. */
export function locateRows(bytes: Bytes): EventRows {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let places = new Int32Array(2 * COLUMNS * 1_024);
  let place = 0;
  for (let at = 0; at < bytes.length; ) {
    if (view.getInt16(at) !== COLUMNS) throw new Error("assertion failed: the copy has the columns of an event");
    at += 2;
    if (place + 2 * COLUMNS > places.length) {
      const more = new Int32Array(2 * places.length);
      more.set(places);
      places = more;
    }
    for (let column = 0; column < COLUMNS; column++) {
      const length = view.getInt32(at);
      at += 4;
      places[place++] = length < 0 ? -1 : at;
      if (length > 0) at += length;
      places[place++] = length < 0 ? -1 : at;
    }
  }
  return { count: place / (2 * COLUMNS), bytes, places };
}

/** One event of a page. A null that no event of ours has is read as nothing: 0, or no bytes. */
export function decodeEventRow({ bytes, places }: EventRows, row: number): StoredEvent {
  const part = (column: Column): Bytes | null => {
    const place = placeOf(row, column);
    const start = places[place] as number;
    return start < 0 ? null : bytes.slice(start, places[place + 1]);
  };
  const whole = (column: Column): Bytes => part(column) ?? new Uint8Array(0);
  const text = (column: Column): string => decoder.decode(whole(column));
  const textOrNull = (column: Column): string | null => (part(column) === null ? null : text(column));
  return {
    position: readInteger(whole(EVENT_COLUMN.position)),
    stream: text(EVENT_COLUMN.stream),
    version: readInteger(whole(EVENT_COLUMN.version)),
    id: bytesToHex(whole(EVENT_COLUMN.id)).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-"),
    type: text(EVENT_COLUMN.type),
    schema: Number(readInteger(whole(EVENT_COLUMN.schema))),
    tags: readTags(part(EVENT_COLUMN.tags)) as string[],
    recordedAtMicros: readInteger(whole(EVENT_COLUMN.recordedAt)) + POSTGRES_EPOCH_MICROS,
    data: textOrNull(EVENT_COLUMN.data),
    salt: part(EVENT_COLUMN.salt),
    dataHash: whole(EVENT_COLUMN.dataHash),
    metadata: textOrNull(EVENT_COLUMN.metadata),
    metaSalt: part(EVENT_COLUMN.metaSalt),
    metaHash: whole(EVENT_COLUMN.metaHash),
    contentHash: whole(EVENT_COLUMN.contentHash),
    prevHash: whole(EVENT_COLUMN.prevHash),
    hash: whole(EVENT_COLUMN.hash),
  };
}

// A byte order mark that somebody stored is a character like others.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Big-endian, two's complement. */
function readInteger(bytes: Bytes): bigint {
  return bytes.length === 0 ? 0n : BigInt.asIntN(8 * bytes.length, BigInt(`0x${bytesToHex(bytes)}`));
}

/**
 * An array of texts: the number of dimensions, a flag, the element's type; for each dimension its length and lower bound;
 * then for each element its length and bytes. Lists in the list, or nulls, which no event of ours has, are given as what
 * they are.
 */
function readTags(bytes: Bytes | null): unknown {
  if (bytes === null) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const lengths = Array.from({ length: view.getInt32(0) }, (_, dimension) => view.getInt32(12 + 8 * dimension));
  let at = 12 + 8 * lengths.length;
  const readElement = (): unknown => {
    const length = view.getInt32(at);
    const start = at + 4;
    at = start + Math.max(0, length);
    return length < 0 ? null : decoder.decode(bytes.subarray(start, at));
  };
  const readList = (dimension: number): unknown => {
    if (dimension === lengths.length) return readElement();
    return Array.from({ length: lengths[dimension] as number }, () => readList(dimension + 1));
  };
  return lengths.length === 0 ? [] : readList(0);
}
