import type { ReadEvent, StoredEvent } from "../port.ts";
import { decodeTexts } from "./decode-texts.ts";
import { decodeBytes } from "./run-rows.ts";

/**
 * One event as the statements `read-…` give it, each column in Postgres's own text: to have the server or the driver make
 * more of a column costs more than to do it here.
 */
export type EventRow = readonly (string | null)[];

/** Characters of data and metadata. */
export function textLength(row: EventRow): number {
  return (row[8]?.length ?? 0) + (row[9]?.length ?? 0);
}

export function positionOf(row: EventRow): bigint {
  return BigInt(row[0] as string);
}

export function versionOf(row: EventRow): bigint {
  return BigInt(row[2] as string);
}

/** What `extract(epoch …)` makes of a timestamp, seconds since 1970 with six digits behind the point, in microseconds. */
function microsOf(seconds: string): bigint {
  const point = seconds.length - 7;
  if (seconds[point] !== ".") throw new Error(`six digits follow the point of an epoch: ${seconds}`);
  return BigInt(seconds.slice(0, point) + seconds.slice(point + 1));
}

/** Postgres answers for its being a JSON object; whether it is canonical is the verifier's question. */
function parseObject(text: string | null): Record<string, unknown> | null {
  return text === null ? null : JSON.parse(text);
}

/** An event without its hash, whose columns begin at `from`. */
export function decodeEventColumns(row: EventRow, from: number): Omit<ReadEvent, "hash"> {
  const given = row as readonly string[];
  return {
    position: BigInt(given[from] as string),
    stream: given[from + 1] as string,
    version: BigInt(given[from + 2] as string),
    id: given[from + 3] as string,
    type: given[from + 4] as string,
    schema: Number(given[from + 5]),
    tags: decodeTexts(given[from + 6] as string),
    recordedAtMicros: microsOf(given[from + 7] as string),
    data: parseObject(row[from + 8] as string | null),
    metadata: parseObject(row[from + 9] as string | null),
  };
}

export function decodeReadEvent(row: EventRow): ReadEvent {
  const event = decodeEventColumns(row, 0) as ReadEvent;
  // Bytes are \\x and their digits in lower case.
  event.hash = (row[10] as string).slice(2);
  return event;
}

/** The row of a statement that was asked for the whole event. */
export function decodeStoredEvent(row: EventRow): StoredEvent {
  const given = row as readonly string[];
  const [salt, metaSalt] = [row[13] as string | null, row[15] as string | null];
  return {
    position: positionOf(row),
    stream: given[1] as string,
    version: versionOf(row),
    id: given[3] as string,
    type: given[4] as string,
    schema: Number(given[5]),
    tags: decodeTexts(given[6] as string),
    recordedAtMicros: microsOf(given[7] as string),
    data: row[8] as string | null,
    salt: salt === null ? null : decodeBytes(salt),
    dataHash: decodeBytes(given[14] as string),
    metadata: row[9] as string | null,
    metaSalt: metaSalt === null ? null : decodeBytes(metaSalt),
    metaHash: decodeBytes(given[16] as string),
    contentHash: decodeBytes(given[12] as string),
    prevHash: decodeBytes(given[11] as string),
    hash: decodeBytes(given[10] as string),
  };
}
