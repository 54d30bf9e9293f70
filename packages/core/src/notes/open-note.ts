import { base64ToBytes } from "../decode-bytes.ts";
import { type Bytes, equalBytes, utf8 } from "../encode-bytes.ts";
import { LedgerError } from "../errors.ts";
import { isKeyName, verifierFromVkey } from "./note-keys.ts";
import { noteTextProblem } from "./sign-note.ts";

/** The longest note that is read, in UTF-16 units, and the most signature lines. */
const MAX_NOTE_LENGTH = 1_000_000;
const MAX_SIGNATURES = 100;

/** One signature line, not checked. A witness's cosignature/v1 is such a line under a key of another algorithm. */
export interface NoteSignature {
  name: string;
  /** 4 bytes. */
  keyId: Bytes;
  /** What follows the key id; 64 bytes for Ed25519, 72 for cosignature/v1. */
  signature: Bytes;
}

/** Divides a signed note into its text and signature lines and checks only their form (C2SP signed-note). Throws `bad-note`. */
export function parseNote(note: string): { text: string; signatures: NoteSignature[] } {
  if (typeof note !== "string" || note.length > MAX_NOTE_LENGTH) throw badNote("not a string, or too long");
  const problem = noteTextProblem(note);
  if (problem !== undefined) throw badNote(`the note ${problem}`);
  // The text may hold empty lines: the last one divides.
  const end = note.lastIndexOf("\n\n");
  if (end < 0) throw badNote("no empty line before the signatures");
  const lines = note.slice(end + 2, -1).split("\n");
  if (lines.length > MAX_SIGNATURES) throw badNote(`more than ${MAX_SIGNATURES} signatures`);
  return { text: note.slice(0, end + 1), signatures: lines.map(parseSignature) };
}

/**
 * Opens a signed note with the verifier keys that the caller trusts. Signatures by other keys are ignored; one by a known key
 * that does not verify refuses the note, and so does a note that no known key signed: both `bad-note`. `signedBy`: the names
 * of the known keys that signed, each once. Throws `bad-key` for a verifier key that is none.
 */
export function openNote(note: string, vkeys: readonly string[]): { text: string; signedBy: string[] } {
  const { text, signatures } = parseNote(note);
  const verifiers = vkeys.map(verifierFromVkey);
  const message = utf8(text);
  const signedBy = new Set<string>();
  for (const { name, keyId, signature } of signatures) {
    const known = verifiers.filter((verifier) => verifier.name === name && equalBytes(verifier.keyId, keyId));
    if (known.length === 0) continue;
    if (!known.some((verifier) => verifier.verify(message, signature)))
      throw badNote(`the signature by ${name} fails`, { name });
    signedBy.add(name);
  }
  if (signedBy.size === 0)
    throw badNote("no signature by a known key", { signatures: signatures.map(({ name }) => name) });
  return { text, signedBy: [...signedBy] };
}

function parseSignature(line: string): NoteSignature {
  const [, name, encoded] = /^— ([^ ]+) ([^ ]+)$/.exec(line) ?? [];
  if (name === undefined || encoded === undefined || !isKeyName(name)) throw badNote("a signature line is malformed");
  let bytes: Bytes;
  try {
    bytes = base64ToBytes(encoded);
  } catch (error) {
    throw badNote("a signature is not canonical base64", {}, error);
  }
  if (bytes.length < 5) throw badNote("a signature is too short");
  return { name, keyId: bytes.slice(0, 4), signature: bytes.slice(4) };
}

function badNote(problem: string, values: Record<string, unknown> = {}, cause?: unknown): LedgerError {
  return new LedgerError("bad-note", `signed note: ${problem}`, { values, cause });
}
