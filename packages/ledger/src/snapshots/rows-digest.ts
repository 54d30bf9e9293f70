import { type Bytes, bytesToHex, canonicalJson, compareUtf8, sha256, utf8 } from "@eventchain/core";

/** A row of a projection that is a model. */
export interface DigestedRow {
  readonly key: string;
  readonly state: unknown;
}

/** What a snapshot of a projection commits to: its rows, not their contents. */
export interface RowsDigest {
  /** 64 hex digits: H(0x55 || the rows' hashes, in the order of their keys' bytes), a row's hash H(0x54 || JCS({key, state})). */
  readonly digest: string;
  /** How many, in decimal. */
  readonly rows: string;
}

const LIMITS = { maxBytes: 16_777_216 } as const;

/** The digest of a projection's rows, which come in any order. Errors: LedgerError `invalid-value` for a state that is no JSON. */
export function rowsDigest(rows: Iterable<DigestedRow>): RowsDigest {
  const hashed: { key: string; hash: Bytes }[] = [];
  for (const { key, state } of rows)
    hashed.push({ key, hash: sha256(Uint8Array.of(0x54), utf8(canonicalJson({ key, state }, LIMITS))) });
  hashed.sort((one, other) => compareUtf8(one.key, other.key));
  const all = sha256(Uint8Array.of(0x55), concatAll(hashed.map(({ hash }) => hash)));
  return { digest: bytesToHex(all), rows: `${hashed.length}` };
}

/** More than the arguments that one call may have. */
function concatAll(parts: readonly Bytes[]): Bytes {
  const all = new Uint8Array(parts.length * 32);
  for (const [index, part] of parts.entries()) all.set(part, index * 32);
  return all;
}
