import { describe, expect, test } from "vitest";
import { bytesToBase64, bytesToHex, concatBytes, utf8 } from "../encode-bytes.ts";
import { sha256 } from "../hash-bytes.ts";
import { signerFromSeed, verifierFromVkey } from "./note-keys.ts";

const seed = new Uint8Array(32).fill(7);
const badKey = expect.objectContaining({ code: "bad-key" });

/** A key text with a right key id, whatever the algorithm and key. */
function vkeyOf(name: string, algorithm: number, key: Uint8Array): string {
  const id = sha256(utf8(`${name}\n`), Uint8Array.of(algorithm), key).slice(0, 4);
  return `${name}+${bytesToHex(id)}+${bytesToBase64(concatBytes(Uint8Array.of(algorithm), key))}`;
}

test("a signer's verifier takes its signatures, and no other's", () => {
  const signer = signerFromSeed("example.org/log", seed);
  const verifier = verifierFromVkey(signer.vkey);
  const message = utf8("text\n");
  expect(verifier).toMatchObject({ name: "example.org/log", keyId: signer.keyId, vkey: signer.vkey });
  expect(verifier.verify(message, signer.sign(message))).toBe(true);
  expect(verifier.verify(utf8("other\n"), signer.sign(message))).toBe(false);
  expect(verifier.verify(message, signerFromSeed("a", new Uint8Array(32)).sign(message))).toBe(false);
});

test("the key of C2SP's own example is read", () => {
  const vkey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
  expect(verifierFromVkey(vkey).name).toBe("PeterNeumann");
});

test("a seed that its owner clears later still signs", () => {
  const given = seed.slice();
  const signer = signerFromSeed("a", given);
  given.fill(0);
  expect(verifierFromVkey(signer.vkey).verify(utf8("x\n"), signer.sign(utf8("x\n")))).toBe(true);
});

describe("a verifier key is refused", () => {
  const { vkey } = signerFromSeed("example.org/log", seed);
  test.each([
    ["without its parts", "example.org/log"],
    ["with no name", vkey.replace("example.org/log", "")],
    ["with a space in its name", vkey.replace(".org", " org")],
    ["with another key's id", vkey.replace(/\+[0-9a-f]{8}\+/, "+00000000+")],
    ["with another name's id", vkey.replace("example", "exbmple")],
    ["with an id in capitals", vkey.replace(/\+[0-9a-f]{8}\+/, (id) => id.toUpperCase())],
    ["with more behind it", `${vkey} `],
    ["with base64 that is not canonical", vkey.replace(/.$/, (last) => String.fromCharCode(last.charCodeAt(0) + 1))],
    ["of another algorithm", vkeyOf("a", 0x04, new Uint8Array(32).fill(1))],
    ["of no algorithm", vkeyOf("a", 0x01, new Uint8Array(31).fill(1))],
    ["of small order", vkeyOf("a", 0x01, Uint8Array.from([1, ...new Uint8Array(31)]))],
    ["that is the whole note", `${vkey}\n${vkey}`],
    ["that is empty", ""],
  ])("%s", (_, text) => {
    expect(() => verifierFromVkey(text)).toThrow(badKey);
  });
});

test("a signer is refused a bad name or seed, and the error never holds the seed", () => {
  for (const name of ["", "a b", "a+b", "a\u00a0b", "a\nb", "\ud800"])
    expect(() => signerFromSeed(name, seed)).toThrow(badKey);
  const secret = new Uint8Array(31).fill(0xab);
  expect(() => signerFromSeed("a", secret)).toThrow(badKey);
  expect(() => signerFromSeed("a", secret)).not.toThrow(/abab/);
});
