import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { bytesToHex } from "../encode-bytes.ts";
import { signerFromSeed } from "../notes/note-keys.ts";
import { createGenesis, genesisHash, parseGenesis } from "./genesis.ts";

const origin = "localhost/test";
const { vkey } = signerFromSeed(origin, new Uint8Array(32).fill(1));
const text = createGenesis({ origin, vkey, nonce: new Uint8Array(32) });

test("a genesis is canonical text that reads as it was made", () => {
  expect(text).toBe(`{"format":1,"hash":"sha-256","nonce":"${"00".repeat(32)}","origin":"${origin}","vkey":"${vkey}"}`);
  expect(parseGenesis(text)).toEqual({ format: 1, hash: "sha-256", nonce: "00".repeat(32), origin, vkey });
});

test("its hash is over 0x47 and the text, whether given as text or as object", () => {
  const expected = createHash("sha256").update(`\x47${text}`).digest("hex");
  expect(bytesToHex(genesisHash(text))).toBe(expected);
  expect(bytesToHex(genesisHash(parseGenesis(text)))).toBe(expected);
  expect(() => genesisHash(` ${text}`)).toThrow(expect.objectContaining({ code: "invalid-value" }));
});

test("two of one origin differ", () => {
  expect(createGenesis({ origin, vkey })).not.toBe(createGenesis({ origin, vkey }));
});

describe("a genesis is refused", () => {
  test("when it is made of what does not fit", () => {
    expect(() => createGenesis({ origin: "a b", vkey })).toThrow(expect.objectContaining({ code: "invalid-name" }));
    expect(() => createGenesis({ origin: "other", vkey })).toThrow(expect.objectContaining({ code: "bad-key" }));
    expect(() => createGenesis({ origin, vkey: "x" })).toThrow(expect.objectContaining({ code: "bad-key" }));
    expect(() => createGenesis({ origin, vkey, nonce: new Uint8Array(31) })).toThrow(
      expect.objectContaining({ code: "invalid-argument" }),
    );
  });

  test.each([
    ["another format", "unsupported-format", text.replace('"format":1', '"format":2')],
    ["another hash", "unsupported-format", text.replace("sha-256", "sha-512")],
    ["no object", "invalid-value", "[]"],
    ["a space", "invalid-value", text.replace(":1,", ": 1,")],
    ["a short nonce", "invalid-value", text.replace("0000", "00")],
    ["another key", "invalid-value", text.replace('"origin"', '"note":"","origin"')],
    ["an origin that is none", "invalid-value", text.replace(`"${origin}"`, '"a b"')],
    ["a vkey that is none", "invalid-value", text.replace(/"vkey":".*"/, '"vkey":"x"')],
  ])("when it has %s", (_, code, bad) => {
    expect(() => parseGenesis(bad)).toThrow(expect.objectContaining({ code }));
  });
});
