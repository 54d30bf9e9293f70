import { type Bytes, bytesToHex, contentHash, eventHeader } from "@eventchain/core";
import { fromBytea } from "../database/decode.ts";
import { sameHex } from "./check-columns.ts";
import type { LooseRow } from "./place.ts";
import { linkHash } from "./read-content.ts";

/** Where an event was sealed. */
export interface SealedPlace {
  origin: string;
  index: bigint;
  prevHash: Bytes | undefined;
  hash: Bytes | undefined;
}

/**
 * What was changed, in words, as far as the hashes that stand beside the event tell: whoever changes a text and forgets a hash
 * gives away which text it was.
 */
export function explainChange(loose: LooseRow, place: SealedPlace): string {
  const { row, contents, unsalted } = loose;
  if (unsalted) return "a salt is gone while the text beside it is still there";
  const [content] = contents;
  if (content === undefined) return "what is stored cannot be an event";
  const recomputed = "every hash beside it was recomputed, but it is not the event that was sealed here";
  if (place.prevHash === undefined || place.hash === undefined) return recomputed;
  const sealedAs = (stored: Bytes): boolean => {
    const link = { prevHash: place.prevHash as Bytes, position: place.index, version: row.version };
    const hash = linkHash(stored, row.recordedAtMicros, link);
    return hash !== undefined && bytesToHex(hash) === bytesToHex(place.hash as Bytes);
  };
  const data = fromBytea(row.dataHash);
  const meta = fromBytea(row.metaHash);
  if (sealedAs(headerHash(loose, place.origin, data, meta))) {
    const changed = [
      ...(sameHex(row.dataHash, content.dataHash) ? [] : ["data"]),
      ...(sameHex(row.metaHash, content.metaHash) ? [] : ["metadata"]),
    ];
    if (changed.length > 0)
      return `${changed.join(" and ")} ${changed.length === 1 ? "does" : "do"} not match its hash`;
  }
  if (sealedAs(headerHash(loose, place.origin, data, content.metaHash))) return "data does not match what was sealed";
  if (sealedAs(headerHash(loose, place.origin, content.dataHash, meta)))
    return "metadata does not match what was sealed";
  if (sealedAs(fromBytea(row.contentHash))) return "its type, stream, tags, id or schema is not what was sealed";
  if (sameHex(row.contentHash, content.contentHash) && sameHex(row.hash, place.hash)) {
    return "its time, version or position is not what was sealed";
  }
  return recomputed;
}

function headerHash({ row }: LooseRow, origin: string, data: Bytes, meta: Bytes): Bytes {
  try {
    const { id, type, schema, stream } = row;
    const tags = JSON.parse(row.tags) as string[];
    return contentHash(eventHeader({ data, id, ledger: origin, meta, schema, stream, tags, type }));
  } catch {
    return new Uint8Array(32);
  }
}
