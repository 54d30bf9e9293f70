import { type Bytes, bytesToHex } from "@eventchain/core";
import { fromBytea } from "../database/decode.ts";
import type { EventRow } from "../database/read-events.ts";
import { type Content, linkHash } from "./read-content.ts";

/** Which hash columns of a row are not those of its own texts, in words; undefined when all fit. */
export function contentColumnsProblem(row: EventRow, content: Content): string | undefined {
  const wrong: string[] = [];
  if (row.data !== null && !sameHex(row.dataHash, content.dataHash)) wrong.push("data_hash");
  if (row.metadata !== null && !sameHex(row.metaHash, content.metaHash)) wrong.push("meta_hash");
  if (!sameHex(row.contentHash, content.contentHash)) wrong.push("content_hash");
  return wrong.length === 0 ? undefined : `the event is the sealed one, but its column ${wrong.join(", ")} was changed`;
}

/**
 * Whether prev_hash and hash of an event that stands where it was sealed are the sealed ones; or, where they are not, whether
 * they merely go on from a change before: chained, as stored, to the row before.
 */
export function chainColumnsProblem(
  row: EventRow,
  content: Content,
  sealed: { prevHash: Bytes; hash: Bytes },
  storedBefore: string | undefined,
): string | undefined {
  const isPrev = sameHex(row.prevHash, sealed.prevHash);
  const isHash = sameHex(row.hash, sealed.hash);
  if (isPrev && isHash) return undefined;
  const isNext = storedBefore === undefined || row.prevHash === storedBefore;
  if (!isPrev && isNext && isChained(row, content)) return undefined;
  const wrong = [...(isPrev ? [] : ["prev_hash"]), ...(isHash ? [] : ["hash"])];
  return `the event is the sealed one, but its column ${wrong.join(", ")} was changed`;
}

/** Whether a row's hash is that of its content after its own prev_hash, at the position and version that it says. */
function isChained(row: EventRow, content: Content): boolean {
  const { position, version } = row;
  const hash = linkHash(content.contentHash, row.recordedAtMicros, {
    prevHash: fromBytea(row.prevHash),
    position,
    version,
  });
  return hash !== undefined && sameHex(row.hash, hash);
}

/** Whether the text of a bytea is this hash. */
export function sameHex(bytea: string, hash: Bytes): boolean {
  return bytea === `\\x${bytesToHex(hash)}`;
}
