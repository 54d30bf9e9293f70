import { type Bytes, eventHash } from "@eventchain/core";
import type pg from "pg";
import type { BuiltEvent } from "./ledger-builder.ts";

/** Writes rows of `events` as they are given; the hash columns are computed from their content. */
export async function insertEvents(
  pool: pg.Pool | pg.ClientBase,
  ledgerId: bigint,
  origin: string,
  events: readonly BuiltEvent[],
): Promise<void> {
  const rows = events.map((event) => {
    const hashes = eventHash({ ...event, ledger: origin });
    const hex = (bytes: Bytes): string => `\\x${Buffer.from(bytes).toString("hex")}`;
    return {
      ...event,
      position: `${event.position}`,
      version: `${event.version}`,
      micros: `${event.recordedAtMicros}`,
      salt: hex(event.salt),
      meta_salt: hex(event.metaSalt),
      data_hash: hex(hashes.dataHash),
      meta_hash: hex(hashes.metaHash),
      content_hash: hex(hashes.contentHash),
      prev_hash: hex(event.prevHash),
      hash: hex(event.hash),
      recordedAtMicros: undefined,
    };
  });
  await pool.query(
    `insert into eventchain.events (ledger_id, position, stream, version, id, type, schema, tags, recorded_at, data, salt,
       data_hash, metadata, meta_salt, meta_hash, content_hash, prev_hash, hash)
     select $1, position, stream, version, id, type, schema, array(select json_array_elements_text(tags)),
       timestamptz 'epoch' + micros * interval '1 microsecond', data::json, salt::bytea, data_hash::bytea, metadata::json,
       meta_salt::bytea, meta_hash::bytea, content_hash::bytea, prev_hash::bytea, hash::bytea
     from json_to_recordset($2) as t (position bigint, stream text, version bigint, id uuid, type text, schema int, tags json,
       micros bigint, data text, salt text, data_hash text, metadata text, meta_salt text, meta_hash text, content_hash text,
       prev_hash text, hash text)`,
    [ledgerId, JSON.stringify(rows)],
  );
}
