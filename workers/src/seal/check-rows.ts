import { type Bytes, chainHashes, sha256 } from "@eventchain/core";
import {
  EVENT_COLUMN as COLUMN,
  decodeEventRow,
  type EventRows,
  POSTGRES_EPOCH_MICROS,
  placeOf,
  type StoredEvent,
} from "@eventchain/store";
import { checkEvent, type Predecessor } from "./check-event.ts";
import { openHeaderWriter, type WriteHeader } from "./write-header.ts";

const DATA_TAG = 0x44;
const METADATA_TAG = 0x4d;
const SALT_BYTES = 16;
const HASH_BYTES = 32;
/** What `chainHashes` takes for each event: previous hash, position, version, time, content hash. */
const LINK_BYTES = 88;
/** Far beyond any event, and before what Postgres calls infinity. */
const MAX_MICROS = 2n ** 62n;
const HASHES = [COLUMN.dataHash, COLUMN.metaHash, COLUMN.contentHash, COLUMN.prevHash, COLUMN.hash] as const;
const NEVER_NULL = [
  ...[COLUMN.position, COLUMN.version, COLUMN.recordedAt, COLUMN.id, COLUMN.schema],
  ...[COLUMN.stream, COLUMN.type, COLUMN.tags],
] as const;

interface CheckedRows {
  /** Of the events before the refused one, or of all: 32 bytes each. */
  hashes: Bytes;
  refused: { event: StoredEvent; difference: string } | undefined;
}

/** `checkEvent` for all events of a page, whose bytes are changed by it. */
export type CheckRows = (rows: EventRows, predecessor: Predecessor) => CheckedRows;

/**
 * Hashes events from the bytes where they are, a page at a time: their texts are never decoded. An event that does not fit
 * at once is judged by `checkEvent` alone, which also finds the words for it.
 */
export function openRowCheck(origin: string): CheckRows {
  const writeHeader = openHeaderWriter(origin);
  return (rows, predecessor) => {
    const hashes = new Uint8Array(HASH_BYTES * rows.count);
    const links = new Uint8Array(LINK_BYTES * rows.count);
    const linked = readLinks(rows, predecessor, hashes, links);
    const chained = chainHashes(links.subarray(0, LINK_BYTES * linked));
    for (let row = 0; row < rows.count; row++) {
      const at = HASH_BYTES * row;
      if (row < linked && isSame(chained, at, hashes, at, HASH_BYTES) && textsFit(rows, row, writeHeader)) continue;
      const event = decodeEventRow(rows, row);
      const difference = checkEvent(event, row === 0 ? predecessor : decodeEventRow(rows, row - 1), origin);
      if (difference !== undefined) return { hashes: hashes.subarray(0, at), refused: { event, difference } };
      copyBytes(event.hash, 0, hashes, at, HASH_BYTES);
    }
    return { hashes, refused: undefined };
  };
}

/** How many events from the first one on follow on each other; their hashes, and what these are made of. */
function readLinks(rows: EventRows, predecessor: Predecessor, hashes: Bytes, links: Bytes): number {
  const { bytes, places, count } = rows;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const linkView = new DataView(links.buffer);
  let { position } = predecessor;
  let earliest = predecessor.recordedAtMicros - POSTGRES_EPOCH_MICROS;
  for (let row = 0; row < count; row++) {
    if (!isWhole(rows, row)) return row;
    const place = placeOf(row, 0);
    const start = (column: number): number => places[place + 2 * column] as number;
    const [prevHash, version] = [start(COLUMN.prevHash), start(COLUMN.version)];
    const recordedAt = view.getBigInt64(start(COLUMN.recordedAt));
    position += 1n;
    if (view.getBigInt64(start(COLUMN.position)) !== position) return row;
    if (recordedAt < earliest || recordedAt > MAX_MICROS || (bytes[version] as number) > 127) return row;
    const follows =
      row === 0
        ? isSame(bytes, prevHash, predecessor.hash, 0, HASH_BYTES)
        : isSame(bytes, prevHash, hashes, HASH_BYTES * (row - 1), HASH_BYTES);
    if (!follows) return row;
    earliest = recordedAt;
    copyBytes(bytes, start(COLUMN.hash), hashes, HASH_BYTES * row, HASH_BYTES);
    const link = LINK_BYTES * row;
    copyBytes(bytes, prevHash, links, link, HASH_BYTES);
    copyBytes(bytes, start(COLUMN.position), links, link + 32, 8);
    copyBytes(bytes, version, links, link + 40, 8);
    linkView.setBigInt64(link + 48, recordedAt + POSTGRES_EPOCH_MICROS);
    copyBytes(bytes, start(COLUMN.contentHash), links, link + 56, HASH_BYTES);
  }
  return count;
}

function isWhole({ places }: EventRows, row: number): boolean {
  const place = placeOf(row, 0);
  for (const column of NEVER_NULL) if ((places[place + 2 * column] as number) < 0) return false;
  for (const column of HASHES) {
    const start = places[place + 2 * column] as number;
    if (start < 0 || (places[place + 2 * column + 1] as number) - start !== HASH_BYTES) return false;
  }
  return true;
}

function textsFit(rows: EventRows, row: number, writeHeader: WriteHeader): boolean {
  if (!saltedFits(rows, row, DATA_TAG, COLUMN.salt, COLUMN.dataHash)) return false;
  if (!saltedFits(rows, row, METADATA_TAG, COLUMN.metaSalt, COLUMN.metaHash)) return false;
  const header = writeHeader(rows, row);
  const contentHash = rows.places[placeOf(row, COLUMN.contentHash)] as number;
  return header !== undefined && isSame(sha256(header), 0, rows.bytes, contentHash, HASH_BYTES);
}

/** Whether tag, salt and the text, which is the column after the salt, have this hash, or both are erased. */
function saltedFits(
  { bytes, places }: EventRows,
  row: number,
  tag: number,
  saltColumn: typeof COLUMN.salt | typeof COLUMN.metaSalt,
  hashColumn: typeof COLUMN.dataHash | typeof COLUMN.metaHash,
): boolean {
  const salt = placeOf(row, saltColumn);
  const [saltStart, saltEnd] = [places[salt] as number, places[salt + 1] as number];
  const [start, end] = [places[salt + 2] as number, places[salt + 3] as number];
  if (saltStart < 0 && start < 0) return true;
  if (saltStart < 0 || start < 0 || saltEnd - saltStart !== SALT_BYTES) return false;
  // The salt moves up to the text, over the text's length, and the tag before it: what is hashed must stand together.
  const moved = start - SALT_BYTES;
  for (let i = SALT_BYTES - 1; i >= 0; i--) bytes[moved + i] = bytes[saltStart + i] as number;
  places[salt] = moved;
  places[salt + 1] = start;
  bytes[moved - 1] = tag;
  const hash = places[placeOf(row, hashColumn)] as number;
  return isSame(sha256(bytes.subarray(moved - 1, end)), 0, bytes, hash, HASH_BYTES);
}

function isSame(a: Bytes, at: number, b: Bytes, bAt: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (a[at + i] !== b[bAt + i]) return false;
  return true;
}

function copyBytes(from: Bytes, start: number, to: Bytes, at: number, length: number): void {
  for (let i = 0; i < length; i++) to[at + i] = from[start + i] as number;
}
