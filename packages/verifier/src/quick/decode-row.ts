import type { EventRow } from "../database/read-events.ts";
import {
  CONTENT_HASH,
  DATA,
  DATA_HASH,
  HASH,
  ID,
  META_HASH,
  META_SALT,
  METADATA,
  POSITION,
  PREV_HASH,
  RECORDED_AT,
  type RowFields,
  SALT,
  SCHEMA,
  STREAM,
  TAGS,
  TYPE,
  VERSION,
} from "./row-fields.ts";

/** Microseconds from 1970 to 2000, from which Postgres counts. */
export const POSTGRES_EPOCH_MICROS = 946_684_800_000_000;

/** The row as `readEvents` gives it. Its tags have one dimension, and its time is finite. */
export function decodeRow(bytes: Buffer, view: DataView, { at, length }: RowFields): EventRow {
  const text = (field: number): string | null => {
    const [from, size] = [at[field] as number, length[field] as number];
    return size < 0 ? null : bytes.toString("utf8", from, from + size);
  };
  const bytea = (field: number): string | null => {
    const [from, size] = [at[field] as number, length[field] as number];
    return size < 0 ? null : `\\x${bytes.toString("hex", from, from + size)}`;
  };
  const id = bytes.toString("hex", at[ID], (at[ID] as number) + 16);
  return {
    position: view.getBigInt64(at[POSITION] as number),
    stream: text(STREAM) ?? "",
    version: view.getBigInt64(at[VERSION] as number),
    id: `${id.slice(0, 8)}-${id.slice(8, 12)}-${id.slice(12, 16)}-${id.slice(16, 20)}-${id.slice(20)}`,
    type: text(TYPE) ?? "",
    schema: view.getInt32(at[SCHEMA] as number),
    tags: JSON.stringify(tagsOf(bytes, view, at[TAGS] as number)),
    recordedAtMicros: view.getBigInt64(at[RECORDED_AT] as number) + BigInt(POSTGRES_EPOCH_MICROS),
    data: text(DATA),
    salt: bytea(SALT),
    dataHash: bytea(DATA_HASH) ?? "",
    metadata: text(METADATA),
    metaSalt: bytea(META_SALT),
    metaHash: bytea(META_HASH) ?? "",
    contentHash: bytea(CONTENT_HASH) ?? "",
    prevHash: bytea(PREV_HASH) ?? "",
    hash: bytea(HASH) ?? "",
  };
}

/** The elements of an array of texts of at most one dimension, without nulls. */
function tagsOf(bytes: Buffer, view: DataView, start: number): string[] {
  if (view.getInt32(start) === 0) return [];
  const count = view.getInt32(start + 12);
  const tags: string[] = [];
  let at = start + 20;
  for (let i = 0; i < count; i++) {
    const size = view.getInt32(at);
    tags.push(bytes.toString("utf8", at + 4, at + 4 + size));
    at += 4 + size;
  }
  return tags;
}
