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

/** Every event from a position on, in the order of positions. */
export async function* readEvents(snapshot: Snapshot, ledgerId: bigint, from: bigint): AsyncGenerator<EventRow[]> {
  for await (const page of snapshot.pages(eventScan, [ledgerId, from])) yield page.map(decodeEvent);
}

function decodeEvent(row: Row): EventRow {
  const time = row[7] ?? "";
  return {
    position: integerAt(row, 0),
    // Columns that may not be null, were the administrator not free to allow it: an empty text is no event's either.
    stream: row[1] ?? "",
    version: BigInt(row[2] ?? "-1"),
    id: row[3] ?? "",
    type: row[4] ?? "",
    schema: Number(textAt(row, 5)),
    tags: row[6] ?? "[]",
    recordedAtMicros: /^-?\d+$/.test(time) ? BigInt(time) : undefined,
    data: row[8] ?? null,
    salt: row[9] ?? null,
    dataHash: row[10] ?? "",
    metadata: row[11] ?? null,
    metaSalt: row[12] ?? null,
    metaHash: row[13] ?? "",
    contentHash: row[14] ?? "",
    prevHash: row[15] ?? "",
    hash: row[16] ?? "",
  };
}
