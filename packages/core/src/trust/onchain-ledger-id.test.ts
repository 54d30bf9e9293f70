import { AbiCoder, keccak256 } from "ethers";
import { expect, test } from "vitest";
import { onchainLedgerId } from "./onchain-ledger-id.ts";

const opener = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";

test("a ledger's id is keccak256(abi.encode(opener, origin)) for origins of every length", () => {
  for (const length of [1, 31, 32, 33, 64, 200]) {
    const origin = "o".repeat(length);
    const expected = keccak256(AbiCoder.defaultAbiCoder().encode(["address", "string"], [opener, origin]));
    expect(onchainLedgerId(opener, origin)).toBe(expected);
    expect(onchainLedgerId(opener.toLowerCase(), origin)).toBe(expected);
  }
});

test("what is no address or no origin has no id", () => {
  expect(() => onchainLedgerId("0x00", "a")).toThrow(expect.objectContaining({ code: "invalid-argument" }));
  expect(() => onchainLedgerId(opener, "a b")).toThrow(expect.objectContaining({ code: "invalid-name" }));
});
