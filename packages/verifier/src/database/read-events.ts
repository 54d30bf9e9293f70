import { integerAt, textAt } from "./decode.ts";
import { statement } from "./load-statement.ts";
import type { Row, Snapshot } from "./open-snapshot.ts";

const eventScan = statement("event-scan");

/** A row of `events`, as it is stored, whatever that is. Byte columns are the text of a bytea: `\x` and lower-case hex. */
export interface EventRow {
  position: bigint;
  stream: string;
  version: bigint;
  id: string;
  type: string;
  schema: number;
  /** JSON text of an array. */
  tags: string;
  /** Microseconds since 1970; undefined for a time that has none (infinity). */
  recordedAtMicros: bigint | undefined;
  data: string | null;
  salt: string | null;
  dataHash: string;
  metadata: string | null;
  metaSalt: string | null;
  metaHash: string;
  contentHash: string;
  prevHash: string;
  hash: string;
}

/** Every event from a position on, in the order of positions; from 1 on: those that stand before 1 as well. */
export async function* readEvents(snapshot: Snapshot, ledgerId: bigint, from: bigint): AsyncGenerator<EventRow[]> {
  for await (const page of snapshot.pages(eventScan, [ledgerId, lowestOf(from)])) yield page.map(decodeEvent);
}

function decodeEvent(row: Row): EventRow {
  const time = textAt(row, 7);
  return {
    position: integerAt(row, 0),
    stream: textAt(row, 1),
    version: integerAt(row, 2),
    id: textAt(row, 3),
    type: textAt(row, 4),
    schema: Number(textAt(row, 5)),
    tags: row[6] ?? "[]",
    recordedAtMicros: /^-?\d+$/.test(time) ? BigInt(time) : undefined,
    data: row[8] ?? null,
    salt: row[9] ?? null,
    dataHash: textAt(row, 10),
    metadata: row[11] ?? null,
    metaSalt: row[12] ?? null,
    metaHash: textAt(row, 13),
    contentHash: textAt(row, 14),
    prevHash: textAt(row, 15),
    hash: textAt(row, 16),
  };
}

/** The least position that is read: no row may hide before the first position that there should be. */
export function lowestOf(from: bigint): bigint {
  return from <= 1n ? -(1n << 63n) : from;
}
