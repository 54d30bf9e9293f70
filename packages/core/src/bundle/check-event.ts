import { hexToBytes } from "../decode-bytes.ts";
import { type Bytes, bytesToHex, equalBytes } from "../encode-bytes.ts";
import { LedgerError } from "../errors.ts";
import { chainHash, contentHash, dataHash, metaHash } from "../event/hash-event.ts";
import { type EventHeader, parseHeader } from "../event/parse-header.ts";
import { isSystemType } from "../event/system-types.ts";
import { isCanonicalObject } from "../json/is-canonical-object.ts";
import { DEEPEST_JSON } from "../json/limits.ts";
import { leafHash } from "../log/hash-nodes.ts";
import { rootFromInclusion } from "../log/verify-proof.ts";
import { type Checkpoint, parseCheckpoint, parseOriginLine } from "../notes/checkpoint.ts";
import { parseNote } from "../notes/open-note.ts";
import { MAX_BUNDLE_BYTES, type ProofBundle, parseBundle, shapeBundle } from "./proof-bundle.ts";
import { cannotJudge, type Finding, fails, holds, passedOver } from "./report.ts";

/** A bundle whose header has been read. */
export interface ReadEvent {
  bundle: ProofBundle;
  header: EventHeader;
}

/** A bundle whose event has its hash. */
export interface HashedEvent extends ReadEvent {
  hash: Bytes;
}

/** A bundle whose event is a leaf under its checkpoint. */
export interface LoggedEvent extends HashedEvent {
  checkpoint: Checkpoint;
}

/** Whether it is a bundle of this version, whole and within its bounds. */
export function checkFormat(input: unknown): Finding<ProofBundle> {
  try {
    const bundle = typeof input === "string" ? parseBundle(input) : shapeBundle(input);
    return holds(bundle.format, bundle);
  } catch (error) {
    return answer(error);
  }
}

/** Whether the texts are canonical JSON and the header has exactly its keys and a type that this version knows. */
export function checkCanonical(bundle: ProofBundle): Finding<ReadEvent> {
  // The limit of 1 MiB is an option of the writer's; here the bundle's own bound serves.
  const limits = { maxBytes: MAX_BUNDLE_BYTES, maxDepth: DEEPEST_JSON };
  for (const name of ["data", "metadata"] as const) {
    const text = bundle.event[name];
    if (text !== null && !isCanonicalObject(text, limits)) return fails(`${name} is not a canonical JSON object`);
  }
  let header: EventHeader;
  try {
    header = parseHeader(bundle.event.header);
  } catch (error) {
    return answer(error);
  }
  if (header.type.startsWith("$") && !isSystemType(header.type)) {
    return cannotJudge(`this version does not know the event type ${JSON.stringify(header.type)}`);
  }
  return holds("the texts are canonical JSON, the header has exactly its keys", { bundle, header });
}

/** Whether the data is what the header commits to. */
export function checkData(read: ReadEvent): Finding<ReadEvent> {
  const { data, salt } = read.bundle.event;
  if (data === null || salt === null)
    return passedOver("the data was erased or left out: only its hash is proved", read);
  const hash = bytesToHex(dataHash(hexToBytes(salt), data));
  return hash === read.header.data
    ? holds(`data hash ${hash}`, read)
    : fails("the data does not match the header's hash");
}

/** Whether the metadata is what the header commits to. */
export function checkMetadata(read: ReadEvent): Finding<ReadEvent> {
  const { metadata, metaSalt } = read.bundle.event;
  if (metadata === null || metaSalt === null) {
    return passedOver("the metadata was erased or left out: only its hash is proved", read);
  }
  const hash = bytesToHex(metaHash(hexToBytes(metaSalt), metadata));
  return hash === read.header.meta
    ? holds(`metadata hash ${hash}`, read)
    : fails("the metadata does not match the header's hash");
}

/** Computes the event's hash, which the inclusion check then puts to the proof. */
export function checkEventHash(read: ReadEvent): Finding<HashedEvent> {
  const { event } = read.bundle;
  const hash = chainHash({
    prevHash: hexToBytes(event.prevHash, 32),
    position: BigInt(event.position),
    version: BigInt(event.version),
    recordedAtMicros: BigInt(event.recordedAtMicros),
    contentHash: contentHash(event.header),
  });
  return holds(`event hash ${bytesToHex(hash)}`, { ...read, hash });
}

/** Whether the header's ledger is the one whose checkpoint this is. */
export function checkLedger(hashed: HashedEvent): Finding<LoggedEvent> {
  let checkpoint: Checkpoint;
  try {
    checkpoint = parseCheckpoint(parseNote(hashed.bundle.checkpoint).text);
  } catch (error) {
    return answer(error);
  }
  const { origin, epoch } = parseOriginLine(checkpoint.origin);
  if (origin !== hashed.header.ledger)
    return fails(`the event is of ${hashed.header.ledger}, the checkpoint of ${origin}`);
  return holds(`${origin}, epoch ${epoch}`, { ...hashed, checkpoint });
}

/** Whether the event's leaf stands at its position under the checkpoint's root. */
export function checkInclusion(logged: LoggedEvent): Finding<LoggedEvent> {
  const { bundle, checkpoint, hash } = logged;
  const size = BigInt(bundle.inclusion.size);
  if (size !== checkpoint.size)
    return fails(`the proof is for size ${size}, the checkpoint of size ${checkpoint.size}`);
  const index = BigInt(bundle.event.position) - 1n;
  const path = bundle.inclusion.path.map((sibling) => hexToBytes(sibling, 32));
  const root = rootFromInclusion({ leafHash: leafHash(hash), index, size, path });
  if (root === undefined) return fails(`the path is not one for position ${bundle.event.position} of ${size}`);
  if (!equalBytes(root, checkpoint.root))
    return fails("the path does not lead from the event's hash to the checkpoint's root");
  return holds(`position ${bundle.event.position} of ${size}`, logged);
}

/** A failed reading as a check's answer: a later format cannot be judged, all else is wrong. */
function answer(error: unknown): Finding<never> {
  if (!(error instanceof LedgerError)) throw error;
  return error.code === "unsupported-format" ? cannotJudge(error.message) : fails(error.message);
}
