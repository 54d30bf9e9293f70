export { type CheckOptions, checkBundle } from "./bundle/check-bundle.ts";
export {
  BUNDLE_FORMAT,
  type BundleAnchor,
  type BundleEvent,
  formatBundle,
  MAX_BUNDLE_BYTES,
  type ProofBundle,
  parseBundle,
} from "./bundle/proof-bundle.ts";
export {
  BUNDLE_CHECKS,
  type BundleCheck,
  type BundleCheckName,
  type Report,
} from "./bundle/report.ts";
export type { AnchorWitness, FoundAnchor, WitnessedHead } from "./bundle/witness.ts";
export {
  checkName,
  checkOrigin,
  MAX_NAME_BYTES,
  type NameKind,
  type NameOptions,
  normaliseTags,
} from "./check-name.ts";
export { compareUtf8 } from "./compare-utf8.ts";
export { base64ToBytes, hexToBytes } from "./decode-bytes.ts";
export { type Bytes, bytesToBase64, bytesToHex, concatBytes, equalBytes, utf8 } from "./encode-bytes.ts";
export { ConflictError, LedgerError, type LedgerErrorCode, type LedgerErrorOptions } from "./errors.ts";
export { createGenesis, type Genesis, genesisHash, parseGenesis } from "./event/genesis.ts";
export {
  chainHash,
  chainHashes,
  contentHash,
  dataHash,
  type EventContent,
  type EventHashes,
  eventHash,
  eventHeader,
  type HeaderContent,
  metaHash,
  SALT_BYTES,
  STATE_SALT_BYTES,
  stateHash,
} from "./event/hash-event.ts";
export { type EventHeader, parseHeader } from "./event/parse-header.ts";
export { isSystemType, SYSTEM_EVENT_TYPES } from "./event/system-types.ts";
export { sha256 } from "./hash-bytes.ts";
export { i64, MAX_INT63, parseDecimal, u64 } from "./integers.ts";
export { canonicalJson } from "./json/canonical-json.ts";
export { formatPath } from "./json/format-path.ts";
export { isCanonicalObject } from "./json/is-canonical-object.ts";
export { type JsonLimits, MAX_JSON_BYTES, MAX_JSON_DEPTH } from "./json/limits.ts";
export { parseJson } from "./json/parse-json.ts";
export { type ChangedTile, type ExtendedLog, extendLog } from "./log/extend-log.ts";
export { emptyRoot, leafHash, leafHashes, nodeHash, nodeHashes, rootOf } from "./log/hash-nodes.ts";
export { tilesForConsistency, tilesForExtend, tilesForInclusion, tilesForRoot } from "./log/plan-proof.ts";
export { consistencyProof, inclusionProof, rootFromTiles } from "./log/prove.ts";
export { TILE_WIDTH, type TileId, type TileReader } from "./log/tiles.ts";
export {
  type ConsistencyClaim,
  type InclusionClaim,
  rootFromInclusion,
  verifyConsistency,
  verifyInclusion,
} from "./log/verify-proof.ts";
export { randomBytes, uuidv7 } from "./make-random.ts";
export { type Checkpoint, formatCheckpoint, originLine, parseCheckpoint, parseOriginLine } from "./notes/checkpoint.ts";
export { type NoteSigner, type NoteVerifier, signerFromSeed, verifierFromVkey } from "./notes/note-keys.ts";
export { type NoteSignature, openNote, parseNote } from "./notes/open-note.ts";
export { signNote } from "./notes/sign-note.ts";
export { onchainLedgerId } from "./trust/onchain-ledger-id.ts";
export { parseAddress } from "./trust/parse-address.ts";
export { formatTrustRoot, parseTrustRoot, type TrustedChain, type TrustRoot } from "./trust/trust-root.ts";
