import { bytesToHex } from "@eventchain/core";
import type { StoredEvent } from "@eventchain/store";
import type { JsonObject, LedgerEvent } from "./types.ts";

/** A stored event as readers get it: texts parsed, the hash in hex; salts and the hashes underneath stay behind. */
export function decodeEvent(stored: StoredEvent): LedgerEvent {
  const { position, stream, version, id, type, schema, tags, recordedAtMicros } = stored;
  return {
    position,
    stream,
    version,
    id,
    type,
    schema,
    tags,
    recordedAtMicros,
    data: parse(stored.data),
    metadata: parse(stored.metadata),
    hash: bytesToHex(stored.hash),
  };
}

/** Postgres answers for its being a JSON object; whether it is canonical is the verifier's question. */
function parse(text: string | null): JsonObject | null {
  return text === null ? null : (JSON.parse(text) as JsonObject);
}
