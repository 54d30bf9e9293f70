import {
  type Bytes,
  chainHash,
  contentHash,
  dataHash,
  equalBytes,
  eventHeader,
  LedgerError,
  metaHash,
} from "@eventchain/core";
import type { StoredEvent } from "@eventchain/store";

/** What an event must follow on. */
export interface Predecessor {
  position: bigint;
  hash: Bytes;
  recordedAtMicros: bigint;
}

function hashesDiffer(event: StoredEvent, origin: string): string | undefined {
  const { data, salt, metadata, metaSalt } = event;
  if ((data === null) !== (salt === null)) return "data without its salt, or salt without its data";
  if (data !== null && salt !== null && !equalBytes(dataHash(salt, data), event.dataHash)) {
    return "data does not match its hash";
  }
  if ((metadata === null) !== (metaSalt === null)) return "metadata without its salt, or salt without its metadata";
  if (metadata !== null && metaSalt !== null && !equalBytes(metaHash(metaSalt, metadata), event.metaHash)) {
    return "metadata does not match its hash";
  }
  const { id, schema, stream, tags, type } = event;
  if (!Array.isArray(tags) || !tags.every((tag) => typeof tag === "string")) return "tags are not a list of texts";
  const header = eventHeader({
    data: event.dataHash,
    id,
    ledger: origin,
    meta: event.metaHash,
    schema,
    stream,
    tags,
    type,
  });
  if (!equalBytes(contentHash(header), event.contentHash)) return "header does not match its hash";
  if (!equalBytes(chainHash(event), event.hash))
    return "position, version, time or previous hash do not match its hash";
  return undefined;
}

/**
 * Why an event cannot be what was appended after `predecessor`, recomputed from its stored texts (format.md "Event
 * hash"); undefined where it can. What was erased is checked by the hash that was kept of it.
 */
export function checkEvent(event: StoredEvent, predecessor: Predecessor, origin: string): string | undefined {
  if (event.position !== predecessor.position + 1n) return `position ${predecessor.position + 1n} is missing`;
  if (!equalBytes(event.prevHash, predecessor.hash)) return "it does not follow on the event before it";
  if (event.recordedAtMicros < predecessor.recordedAtMicros) return "it is older than the event before it";
  try {
    return hashesDiffer(event, origin);
  } catch (error) {
    // Texts that the append function would have refused have no hash.
    if (error instanceof LedgerError) return error.message;
    throw error;
  }
}
