import { describe, expect, test } from "vitest";
import { bytesToBase64, concatBytes } from "../encode-bytes.ts";
import { signerFromSeed } from "./note-keys.ts";
import { openNote, parseNote } from "./open-note.ts";
import { signNote } from "./sign-note.ts";

const log = signerFromSeed("example.org/log", new Uint8Array(32).fill(1));
const witness = signerFromSeed("witness", new Uint8Array(32).fill(2));
const stranger = signerFromSeed("stranger", new Uint8Array(32).fill(3));
const text = "line one\n\nline — three\n";
const badNote = expect.objectContaining({ code: "bad-note" });

/** A signature line of these bytes after the signer's name and key id. */
const line = (signer: typeof log, signature: Uint8Array) =>
  `— ${signer.name} ${bytesToBase64(concatBytes(signer.keyId, signature))}\n`;

describe("a signed note", () => {
  test("opens with any of its keys, and says which signed", () => {
    const note = signNote(text, [log, witness]);
    expect(openNote(note, [log.vkey])).toEqual({ text, signedBy: [log.name] });
    expect(openNote(note, [witness.vkey, log.vkey, stranger.vkey])).toEqual({
      text,
      signedBy: [log.name, witness.name],
    });
  });

  test("may carry signatures by unknown keys, cosignatures of another algorithm among them", () => {
    const note = signNote(text, log) + line(stranger, new Uint8Array(72)) + line(witness, new Uint8Array(1));
    expect(openNote(note, [log.vkey])).toEqual({ text, signedBy: [log.name] });
    expect(parseNote(note).signatures.map(({ name, signature }) => [name, signature.length])).toEqual([
      [log.name, 64],
      ["stranger", 72],
      ["witness", 1],
    ]);
  });

  test("may be signed twice by one key, which counts once", () => {
    const note = signNote(text, [log, log]);
    expect(openNote(note, [log.vkey]).signedBy).toEqual([log.name]);
  });

  test("keeps a known name with another key id apart", () => {
    const impostor = signerFromSeed(log.name, new Uint8Array(32).fill(9));
    expect(() => openNote(signNote(text, impostor), [log.vkey])).toThrow(/no signature by a known key/);
    expect(openNote(signNote(text, [impostor, log]), [log.vkey]).signedBy).toEqual([log.name]);
  });
});

describe("a note is refused", () => {
  const note = signNote(text, log);

  test("when no known key signed it", () => {
    expect(() => openNote(note, [])).toThrow(badNote);
    expect(() => openNote(note, [witness.vkey])).toThrow(badNote);
  });

  test("when a known key's signature fails, though another known key's holds", () => {
    const forged = signNote(text, log) + line(witness, new Uint8Array(64));
    expect(() => openNote(forged, [log.vkey, witness.vkey])).toThrow(/the signature by witness fails/);
    const twice = signNote(text, log) + line(log, new Uint8Array(64));
    expect(() => openNote(twice, [log.vkey])).toThrow(badNote);
  });

  test("when its text was changed", () => {
    expect(() => openNote(note.replace("one", "two"), [log.vkey])).toThrow(badNote);
    expect(() => openNote(note.replace("three\n", "three\n\n"), [log.vkey])).toThrow(badNote);
  });

  test.each([
    ["nothing", ""],
    ["no signatures", text],
    ["no signature lines", `${text}\n`],
    ["no empty line", note.replace("\n\n", "\n").replace("\n\n", "\n")],
    ["no newline at its end", note.slice(0, -1)],
    ["an empty line at its end", `${note}\n`],
    ["a carriage return", note.replace("one", "one\r")],
    ["a tab", note.replace("one", "one\t")],
    ["U+0000", note.replace("one", "\0")],
    ["half a character", note.replace("one", "\ud800")],
    ["another dash", note.replace("— example", "- example")],
    ["two spaces", note.replace("— example", "—  example")],
    ["a space at a line's end", note.replace(/\n$/, " \n")],
    ["a plus in a name", note.replace("— example", "— exa+mple")],
    ["base64 without padding", note.replace(/=\n$/, "\n")],
    ["base64 that is not canonical", note.replace(/.=\n$/, "B=\n")],
    ["a signature that is only a key id", `${text}\n— a AAAAAA==\n`],
    ["text among the signatures", `${note}hello\n`],
    ["a hundred and one signatures", signNote(text, new Array(101).fill(log))],
    ["a megabyte", signNote(`${"x".repeat(1_000_000)}\n`, log)],
  ])("with %s", (_, bad) => {
    expect(() => openNote(bad, [log.vkey])).toThrow(badNote);
  });

  test("when a key it is to be opened with is none", () => {
    expect(() => openNote(note, ["nonsense"])).toThrow(expect.objectContaining({ code: "bad-key" }));
  });

  test("before it is signed, when its text is not one", () => {
    for (const bad of ["", "no newline", "tab\t\n", "\ud800\n", 5 as unknown as string]) {
      expect(() => signNote(bad, log)).toThrow(badNote);
    }
  });
});
