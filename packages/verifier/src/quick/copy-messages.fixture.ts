import { type EventContent, eventHash } from "@eventchain/core";
import { POSTGRES_EPOCH_MICROS } from "./decode-row.ts";

/** The messages of a binary COPY: `d`, length, the number of fields, and each field with its length. `null` is null. */
export function copyMessages(rows: readonly (readonly (Uint8Array | null)[])[]): Buffer {
  return Buffer.concat(
    rows.map((fields) => {
      const parts = fields.flatMap((field) => [int32(field === null ? -1 : field.length), field ?? Buffer.alloc(0)]);
      const contents = Buffer.concat([int16(fields.length), ...parts]);
      return Buffer.concat([Buffer.from("d"), int32(contents.length + 4), contents]);
    }),
  );
}

/** What comes before the first row. */
export const COPY_HEADER: Buffer = Buffer.concat([Buffer.from("PGCOPY\n\xff\r\n\0", "latin1"), Buffer.alloc(8)]);

/** An event's columns, in the order of `event-copy.sql`. */
export function eventFields(event: EventContent): Uint8Array[] {
  const made = eventHash(event);
  return [
    int64(event.position),
    int64(event.version),
    int64(event.recordedAtMicros - BigInt(POSTGRES_EPOCH_MICROS)),
    int32(event.schema),
    Buffer.from(event.id.replaceAll("-", ""), "hex"),
    Buffer.from(event.stream),
    Buffer.from(event.type),
    textArray(event.tags),
    event.salt,
    Buffer.from(event.data),
    made.dataHash,
    event.metaSalt,
    Buffer.from(event.metadata),
    made.metaHash,
    made.contentHash,
    event.prevHash,
    made.hash,
  ];
}

function textArray(items: readonly string[]): Buffer {
  const head = [int32(items.length === 0 ? 0 : 1), int32(0), int32(25)];
  const size = items.length === 0 ? [] : [int32(items.length), int32(1)];
  const texts = items.map((item) => Buffer.from(item));
  return Buffer.concat([...head, ...size, ...texts.flatMap((text) => [int32(text.length), text])]);
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function int64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return bytes;
}
