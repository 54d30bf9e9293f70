import { hashBatch } from "../crypto/hash-batch.ts";
import { type Bytes, bytesToHex, utf8 } from "../encode-bytes.ts";
import { LedgerError } from "../errors.ts";
import { sha256 } from "../hash-bytes.ts";
import { MAX_INT63 } from "../integers.ts";

/** Bytes of an event's salt, and of its metadata's. */
export const SALT_BYTES = 16;

/** Bytes of the salt beside a snapshot's state. */
export const STATE_SALT_BYTES = 32;

const DATA = Uint8Array.of(0x44);
const METADATA = Uint8Array.of(0x4d);
const STATE = Uint8Array.of(0x53);
const EVENT = 0x45;

/** Bytes of what an event's hash is made of, without the tag before it. */
const LINK_BYTES = 32 + 8 + 8 + 8 + 32;

// What an event's hash is made of, filled and hashed within one call: a verifier makes millions of them.
const chainInput = new Uint8Array(1 + LINK_BYTES);
const chainView = new DataView(chainInput.buffer);
chainInput[0] = EVENT;

/** All that an event's hash is made of. */
export interface EventContent {
  /** The ledger's origin. */
  ledger: string;
  stream: string;
  /** UUIDv7, lower-case. */
  id: string;
  type: string;
  /** 1 … 2^31 − 1. */
  schema: number;
  /** Unique, sorted by their UTF-8 bytes. */
  tags: readonly string[];
  /** Canonical JSON text of an object. */
  data: string;
  /** 16 bytes. */
  salt: Bytes;
  /** Canonical JSON text of an object. */
  metadata: string;
  /** 16 bytes. */
  metaSalt: Bytes;
  /** 1, 2, 3 … in the ledger. */
  position: bigint;
  /** 1, 2, 3 … in the stream. */
  version: bigint;
  /** Microseconds since 1970-01-01 UTC. */
  recordedAtMicros: bigint;
  /** The hash at `position − 1`, or the genesis hash: 32 bytes. */
  prevHash: Bytes;
}

/** An event's hashes, 32 bytes each, and the header text between them. */
export interface EventHashes {
  dataHash: Bytes;
  metaHash: Bytes;
  header: string;
  contentHash: Bytes;
  hash: Bytes;
}

/** What an event's header is made of. */
export interface HeaderContent {
  /** `dataHash`, 32 bytes. */
  data: Bytes;
  id: string;
  /** The ledger's origin. */
  ledger: string;
  /** `metaHash`, 32 bytes. */
  meta: Bytes;
  schema: number;
  stream: string;
  tags: readonly string[];
  type: string;
}

/** All hashes of an event, from its texts. Hashes what it is given: the texts are checked elsewhere. Throws `invalid-argument`. */
export function eventHash(event: EventContent): EventHashes {
  const { ledger, stream, id, type, schema, tags, position, version, recordedAtMicros, prevHash } = event;
  const data = dataHash(event.salt, event.data);
  const meta = metaHash(event.metaSalt, event.metadata);
  const header = eventHeader({ data, id, ledger, meta, schema, stream, tags, type });
  const content = contentHash(header);
  const hash = chainHash({ prevHash, position, version, recordedAtMicros, contentHash: content });
  return { dataHash: data, metaHash: meta, header, contentHash: content, hash };
}

/** `H(0x44 || salt || JCS(data))`, 32 bytes; the salt has 16. Throws `invalid-argument`. */
export function dataHash(salt: Bytes, json: string): Bytes {
  return sha256(DATA, ofLength(salt, SALT_BYTES, "salt"), textBytes(json, "data"));
}

/** `H(0x4D || metaSalt || JCS(metadata))`, 32 bytes; the salt has 16. Throws `invalid-argument`. */
export function metaHash(salt: Bytes, json: string): Bytes {
  return sha256(METADATA, ofLength(salt, SALT_BYTES, "salt"), textBytes(json, "metadata"));
}

/** `H(0x53 || salt || JCS(state))`, 32 bytes: what a `$SnapshotTaken` commits to; the salt has 32. Throws `invalid-argument`. */
export function stateHash(salt: Bytes, json: string): Bytes {
  return sha256(STATE, ofLength(salt, STATE_SALT_BYTES, "salt"), textBytes(json, "state"));
}

/** The header: canonical JSON of exactly these eight keys. Throws `invalid-argument` for what has no such text. */
export function eventHeader(header: HeaderContent): string {
  const { id, ledger, schema, stream, tags, type } = header;
  if (!Number.isSafeInteger(schema) || schema < 1 || schema >= 2 ** 31) throw invalid("schema is not 1 … 2^31 − 1");
  const data = bytesToHex(ofLength(header.data, 32, "data hash"));
  const meta = bytesToHex(ofLength(header.meta, 32, "metadata hash"));
  // The keys are in order already, and JSON.stringify writes strings and integers canonically.
  const text = JSON.stringify({ data, id, ledger, meta, schema, stream, tags, type });
  // A lone surrogate is written as an escape, which canonical JSON refuses; so is the text \ud that somebody wrote.
  if (text.includes("\\ud") && ![id, ledger, stream, type, ...tags].every((name) => name.isWellFormed())) {
    throw invalid("a name in the header holds a lone surrogate");
  }
  return text;
}

/** `H(header)`, 32 bytes. */
export function contentHash(header: string): Bytes {
  return sha256(textBytes(header, "header"));
}

/**
 * `H(0x45 || prevHash || u64(position) || u64(version) || i64(recordedAtMicros) || contentHash)`, 32 bytes: the event's hash,
 * which the next event and the log's leaf are made of. Throws `invalid-argument`.
 */
export function chainHash(link: {
  prevHash: Bytes;
  position: bigint;
  version: bigint;
  recordedAtMicros: bigint;
  contentHash: Bytes;
}): Bytes {
  checkRange("position", link.position, 0n);
  checkRange("version", link.version, 0n);
  checkRange("recordedAtMicros", link.recordedAtMicros, -MAX_INT63 - 1n);
  chainInput.set(ofLength(link.prevHash, 32, "previous hash"), 1);
  chainView.setBigUint64(33, link.position);
  chainView.setBigUint64(41, link.version);
  chainView.setBigInt64(49, link.recordedAtMicros);
  chainInput.set(ofLength(link.contentHash, 32, "content hash"), 57);
  return sha256(chainInput);
}

/**
 * `chainHash` of many events, 32 bytes each, one after the other. `links` has 88 bytes for each: prevHash, u64(position),
 * u64(version), i64(recordedAtMicros), contentHash. Hashes what it is given. Throws `invalid-argument` for another length.
 */
export function chainHashes(links: Bytes): Bytes {
  if (links.length % LINK_BYTES !== 0) throw invalid(`${links.length} bytes are not a number of ${LINK_BYTES}`);
  return hashBatch(EVENT, links, LINK_BYTES);
}

function textBytes(text: string, what: string): Bytes {
  // The encoder would replace a lone surrogate, and two texts would have one hash.
  if (!text.isWellFormed()) throw invalid(`${what} holds a lone surrogate`);
  return utf8(text);
}

function checkRange(what: string, value: bigint, least: bigint): void {
  if (typeof value !== "bigint" || value < least || value > MAX_INT63) throw invalid(`${what} is out of range`);
}

function ofLength(bytes: Bytes, length: number, what: string): Bytes {
  if (bytes.length !== length) throw invalid(`${what} has ${bytes.length} bytes instead of ${length}`);
  return bytes;
}

function invalid(problem: string): LedgerError {
  return new LedgerError("invalid-argument", problem);
}
