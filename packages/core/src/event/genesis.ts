import { checkOrigin, isOrigin } from "../check-name.ts";
import { hexToBytes } from "../decode-bytes.ts";
import { type Bytes, bytesToHex, utf8 } from "../encode-bytes.ts";
import { LedgerError } from "../errors.ts";
import { sha256 } from "../hash-bytes.ts";
import { canonicalJson } from "../json/canonical-json.ts";
import { isCanonicalObject } from "../json/is-canonical-object.ts";
import { randomBytes } from "../make-random.ts";
import { verifierFromVkey } from "../notes/note-keys.ts";

const GENESIS = Uint8Array.of(0x47);
const KEYS = "format,hash,nonce,origin,vkey";

/** What a ledger begins with; its hash is the first event's `prevHash`. */
export interface Genesis {
  format: 1;
  hash: "sha-256";
  /** 32 bytes in hex: two ledgers of one origin never share a hash. */
  nonce: string;
  origin: string;
  /** The log's first verifier key. */
  vkey: string;
}

/**
 * `H(0x47 || JCS(genesis))`, 32 bytes, of the genesis text or of the object it is made from.
 * Throws `invalid-value` for a text that is not canonical.
 */
export function genesisHash(genesis: string | object): Bytes {
  const text = typeof genesis === "string" ? genesis : canonicalJson(genesis);
  if (!isCanonicalObject(text)) throw invalid("the genesis is not a canonical JSON object");
  return sha256(GENESIS, utf8(text));
}

/**
 * A new ledger's genesis, as canonical JSON text. `vkey` is a verifier key of the origin's own name; `nonce` 32 bytes,
 * random by default. Throws `invalid-name`, `bad-key`, `invalid-argument`.
 */
export function createGenesis(input: { origin: string; vkey: string; nonce?: Bytes }): string {
  checkOrigin(input.origin);
  if (verifierFromVkey(input.vkey).name !== input.origin) {
    throw new LedgerError("bad-key", `a ledger's first key is named after it: ${input.origin}`);
  }
  const nonce = bytesToHex(input.nonce ?? randomBytes(32));
  hexToBytes(nonce, 32);
  const genesis: Genesis = { format: 1, hash: "sha-256", nonce, origin: input.origin, vkey: input.vkey };
  return canonicalJson(genesis);
}

/**
 * Reads a genesis text. Throws `unsupported-format` for another format or hash than this version's, `invalid-value` for a
 * text that is no genesis.
 */
export function parseGenesis(text: string): Genesis {
  if (!isCanonicalObject(text)) throw invalid("the genesis is not a canonical JSON object");
  const value = JSON.parse(text) as Record<keyof Genesis, unknown>;
  if (value.format !== 1 || value.hash !== "sha-256") {
    throw new LedgerError("unsupported-format", "the genesis is of a format that this version does not know", {
      values: { format: value.format, hash: value.hash },
    });
  }
  const { nonce, origin, vkey } = value;
  if (Object.keys(value).join() !== KEYS) throw invalid("the genesis has not exactly its keys");
  if (typeof nonce !== "string" || !/^[0-9a-f]{64}$/.test(nonce))
    throw invalid("the genesis' nonce is not 32 bytes in hex");
  if (typeof origin !== "string" || !isOrigin(origin)) throw invalid("the genesis' origin is not a ledger's");
  if (typeof vkey !== "string") throw invalid("the genesis' vkey is not a text");
  try {
    verifierFromVkey(vkey);
  } catch (error) {
    throw invalid("the genesis' vkey is not a verifier key", error);
  }
  return { format: 1, hash: "sha-256", nonce, origin, vkey };
}

function invalid(message: string, cause?: unknown): LedgerError {
  return new LedgerError("invalid-value", message, { cause });
}
