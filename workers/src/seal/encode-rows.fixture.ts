import { type Bytes, concatBytes, hexToBytes, i64, utf8 } from "@eventchain/core";
import { type EventRows, POSTGRES_EPOCH_MICROS, type StoredEvent } from "@eventchain/store";

const int32 = (value: number): Bytes => i64(BigInt(value)).slice(4);

/** An array of texts in Postgres' binary form. */
function encodeTags(tags: readonly (string | null)[]): Bytes {
  if (tags.length === 0) return concatBytes(int32(0), int32(0), int32(25));
  const elements = tags.flatMap((tag) => (tag === null ? [int32(-1)] : [int32(utf8(tag).length), utf8(tag)]));
  const head = [1, tags.includes(null) ? 1 : 0, 25, tags.length, 1].map(int32);
  return concatBytes(...head, ...elements);
}

/** Events as a page of rows, in the order of columns that the store promises. */
export function encodeRows(events: readonly StoredEvent[]): EventRows {
  const parts: Bytes[] = [];
  const places: number[] = [];
  let at = 0;
  const put = (bytes: Bytes): void => {
    parts.push(bytes);
    at += bytes.length;
  };
  const columns = (event: StoredEvent): (Bytes | null)[] => [
    ...[i64(event.position), i64(event.version), i64(event.recordedAtMicros - POSTGRES_EPOCH_MICROS)],
    ...[hexToBytes(event.id.replaceAll("-", ""), 16), int32(event.schema)],
    ...[utf8(event.stream), utf8(event.type), encodeTags(event.tags)],
    ...[event.salt, event.data === null ? null : utf8(event.data)],
    ...[event.metaSalt, event.metadata === null ? null : utf8(event.metadata)],
    ...[event.dataHash, event.metaHash, event.contentHash, event.prevHash, event.hash],
  ];
  for (const event of events) {
    put(Uint8Array.of(0, 17));
    for (const column of columns(event)) {
      put(int32(column === null ? -1 : column.length));
      places.push(column === null ? -1 : at);
      if (column !== null) put(column);
      places.push(column === null ? -1 : at);
    }
  }
  return { count: events.length, bytes: concatBytes(...parts), places: Int32Array.from(places) };
}
