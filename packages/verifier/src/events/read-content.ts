import type { Bytes } from "@eventchain/core";
import {
  canonicalJson,
  chainHash,
  contentHash,
  dataHash,
  eventHeader,
  isCanonicalObject,
  metaHash,
} from "@eventchain/core";
import { fromBytea } from "../database/decode.ts";
import type { EventRow } from "../database/read-events.ts";

/** The verifier takes every text that an application may have allowed by its own limits. */
const LIMITS = { maxBytes: 1 << 30, maxDepth: 1000 };

/** One way to read a row: its hashes, recomputed from what is stored. */
export interface Content {
  dataHash: Bytes;
  metaHash: Bytes;
  contentHash: Bytes;
  /** Which texts were brought to their canonical form for it. */
  rewritten: readonly ("data" | "metadata")[];
}

/**
 * A row and the ways to read it: one, unless a text is not canonical, which is hashed as it stands and, failing that, in its
 * canonical form. None, where a row cannot be hashed at all.
 */
export interface Reading {
  row: EventRow;
  contents: readonly Content[];
  /** The texts that are not canonical. */
  crooked: readonly ("data" | "metadata")[];
  /** The hash that the row before this one says, as it is stored; undefined for the first one read. */
  storedBefore: string | undefined;
}

interface Part {
  hash: Bytes;
  rewritten: boolean;
}

/** Recomputes a row's content hash from its texts, salts and header; an erased part is represented by its stored hash. */
export function readContent(row: EventRow, origin: string, storedBefore?: string): Reading {
  const crooked: ("data" | "metadata")[] = [];
  try {
    const datas = readPart(row.data, row.salt, row.dataHash, dataHash, () => crooked.push("data"));
    const metas = readPart(row.metadata, row.metaSalt, row.metaHash, metaHash, () => crooked.push("metadata"));
    const tags = JSON.parse(row.tags) as string[];
    const contents: Content[] = [];
    for (const data of datas) {
      for (const meta of metas) {
        const { id, type, schema, stream } = row;
        const header = eventHeader({
          data: data.hash,
          id,
          ledger: origin,
          meta: meta.hash,
          schema,
          stream,
          tags,
          type,
        });
        const rewritten: ("data" | "metadata")[] = [];
        if (data.rewritten) rewritten.push("data");
        if (meta.rewritten) rewritten.push("metadata");
        contents.push({ dataHash: data.hash, metaHash: meta.hash, contentHash: contentHash(header), rewritten });
      }
    }
    return { row, contents, crooked, storedBefore };
  } catch {
    // Core refuses to hash what no event can be: lengths, integers and names that the format does not have.
    return { row, contents: [], crooked, storedBefore };
  }
}

function readPart(
  text: string | null,
  salt: string | null,
  stored: string,
  hash: (salt: Bytes, text: string) => Bytes,
  onCrooked: () => void,
): Part[] {
  if (text === null) return [{ hash: fromBytea(stored), rewritten: false }];
  if (salt === null) return [];
  const bytes = fromBytea(salt);
  const parts = [{ hash: hash(bytes, text), rewritten: false }];
  if (isCanonicalObject(text, LIMITS)) return parts;
  onCrooked();
  const canonical = canonicalForm(text);
  if (canonical !== undefined) parts.push({ hash: hash(bytes, canonical), rewritten: true });
  return parts;
}

function canonicalForm(text: string): string | undefined {
  try {
    return canonicalJson(JSON.parse(text), LIMITS);
  } catch {
    return undefined;
  }
}

/** Where a row would stand in the chain. */
export interface Link {
  prevHash: Bytes;
  position: bigint;
  version: bigint;
}

/** The hash of a row at a place in the chain; undefined where the format has none for it. */
export function linkHash(content: Bytes, recordedAtMicros: bigint | undefined, link: Link): Bytes | undefined {
  // Most of what is tried in vain is: a version before the first.
  if (recordedAtMicros === undefined || link.version < 1n || link.position < 1n) return undefined;
  try {
    return chainHash({ ...link, recordedAtMicros, contentHash: content });
  } catch {
    return undefined;
  }
}
