import { describe, expect, test } from "vitest";
import { signerFromSeed } from "../notes/note-keys.ts";
import { parseAddress } from "./parse-address.ts";
import { formatTrustRoot, parseTrustRoot } from "./trust-root.ts";

const { vkey } = signerFromSeed("localhost/test", new Uint8Array(32).fill(1));
const file = {
  origin: "localhost/test",
  owner: "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
  vkeys: [vkey],
  chains: [{ chainId: 31337, genesisHash: `0x${"AB".repeat(32)}`, contract: `0x${"11".repeat(20)}` }],
};
const trust = {
  origin: "localhost/test",
  owner: "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed",
  vkeys: [vkey],
  chains: [{ chainId: 31337n, genesisHash: `0x${"ab".repeat(32)}`, contract: `0x${"11".repeat(20)}` }],
};

test("a trust root is read from its text or its value, and made one way of spelling it", () => {
  expect(parseTrustRoot(file)).toEqual(trust);
  expect(parseTrustRoot(JSON.stringify(file))).toEqual(trust);
  expect(parseTrustRoot(formatTrustRoot(trust))).toEqual(trust);
  expect(parseTrustRoot({ ...file, chains: [] }).chains).toEqual([]);
  expect(parseTrustRoot({ ...file, chains: [{ ...file.chains[0], chainId: "18446744073" }] }).chains[0]?.chainId).toBe(
    18446744073n,
  );
});

describe("a trust root is refused", () => {
  test.each<[string, unknown, string]>([
    ["that is no JSON", "{", "trust root"],
    ["with a key twice", '{"origin":"a","origin":"b"}', "given twice"],
    ["that is a list", [], "the file"],
    ["with another key", { ...file, vkey }, "vkey"],
    ["without an origin", { ...file, origin: undefined }, "origin"],
    ["with an origin that is none", { ...file, origin: "a b" }, "origin"],
    ["with an owner whose checksum is wrong", { ...file, owner: file.owner.replace("5aA", "5AA") }, "owner"],
    ["with no keys", { ...file, vkeys: [] }, "vkeys"],
    ["with a key that is none", { ...file, vkeys: [vkey, "x"] }, "vkeys.1"],
    [
      "with a chain id that is none",
      { ...file, chains: [{ ...file.chains[0], chainId: "0x7a69" }] },
      "chains.0.chainId",
    ],
    ["with a chain id past 2^53", { ...file, chains: [{ ...file.chains[0], chainId: 2 ** 60 }] }, "chains.0.chainId"],
    [
      "with a short genesis hash",
      { ...file, chains: [{ ...file.chains[0], genesisHash: "0xab" }] },
      "chains.0.genesisHash",
    ],
    [
      "with a contract that is none",
      { ...file, chains: [{ ...file.chains[0], contract: "0x11" }] },
      "chains.0.contract",
    ],
  ])("%s", (_, json, named) => {
    expect(() => parseTrustRoot(json)).toThrow(
      expect.objectContaining({ code: "bad-trust-root", message: expect.stringContaining(named) }),
    );
  });
});

// The addresses of EIP-55 itself.
test.each([
  "0x52908400098527886E0F7030069857D2E4169EE7",
  "0xde709f2102306220921060314715629080e2fb77",
  "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
  "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
  "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
  "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
])("the address %s is read", (address) => {
  expect(parseAddress(address)).toBe(address.toLowerCase());
});

test.each([
  "",
  "0x",
  "5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
  `0X${"11".repeat(20)}`,
  `0x${"1g".repeat(20)}`,
  `0x${"11".repeat(21)}`,
])("%j is no address", (text) => {
  expect(() => parseAddress(text)).toThrow(expect.objectContaining({ code: "invalid-argument" }));
});
