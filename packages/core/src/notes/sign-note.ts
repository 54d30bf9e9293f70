import { bytesToBase64, concatBytes, utf8 } from "../encode-bytes.ts";
import { LedgerError } from "../errors.ts";
import type { NoteSigner } from "./note-keys.ts";

/**
 * A signed note (C2SP signed-note): the text, an empty line, one signature line for each signer, in order. The text ends in a
 * newline and holds no other control character. Throws `bad-note`.
 */
export function signNote(text: string, signers: NoteSigner | readonly NoteSigner[]): string {
  const problem = noteTextProblem(text);
  if (problem !== undefined) throw new LedgerError("bad-note", `the note's text ${problem}`);
  const message = utf8(text);
  const lines = [signers].flat().map((signer) => {
    const signature = bytesToBase64(concatBytes(signer.keyId, signer.sign(message)));
    return `— ${signer.name} ${signature}\n`;
  });
  return `${text}\n${lines.join("")}`;
}

/** What keeps a text from being a note's, or undefined. */
export function noteTextProblem(text: string): string | undefined {
  if (typeof text !== "string") return "is not a string";
  if (!text.endsWith("\n")) return "does not end in a newline";
  if (!text.isWellFormed()) return "holds a lone surrogate";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  return /[\u0000-\u0009\u000b-\u001f]/.test(text) ? "holds a control character" : undefined;
}
