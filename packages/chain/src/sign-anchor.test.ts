import { bytesToHex } from "@eventchain/core";
import { Transaction } from "ethers";
import { describe, expect, test } from "vitest";
import { registryInterface } from "./decode-logs.ts";
import { addressOf } from "./private-key.ts";
import { anchorGasLimit, signAnchor } from "./sign-anchor.ts";
import type { SignAnchorInput } from "./types.ts";

const CONTRACT = `0x${"11".repeat(20)}`;
const input: SignAnchorInput = {
  ledgerId: `0x${"22".repeat(32)}`,
  size: 2n ** 40n - 1n,
  root: new Uint8Array(32).fill(3),
  consistency: [new Uint8Array(32).fill(4), new Uint8Array(32).fill(5)],
  nonce: 7n,
  fees: { maxFeePerGasWei: 20_000_000_000n, maxPriorityFeePerGasWei: 1_000_000_000n },
  key: `0x${"66".repeat(32)}`,
  chainId: 31337n,
};

describe("a signed anchor", () => {
  test("holds what was to be anchored, and is the same each time", () => {
    const { raw, txHash, from } = signAnchor(CONTRACT, input);
    expect(signAnchor(CONTRACT, input).raw).toEqual(raw);
    const transaction = Transaction.from(`0x${bytesToHex(raw)}`);
    expect(transaction.hash).toBe(txHash);
    expect(transaction.from?.toLowerCase()).toBe(from);
    expect(from).toBe(addressOf(input.key));
    expect(transaction).toMatchObject({
      type: 2,
      to: CONTRACT,
      chainId: 31337n,
      nonce: 7,
      value: 0n,
      gasLimit: anchorGasLimit(2),
      maxFeePerGas: 20_000_000_000n,
      maxPriorityFeePerGas: 1_000_000_000n,
    });
    const args = registryInterface.decodeFunctionData("anchor", transaction.data).toArray(true);
    expect(args).toEqual([
      input.ledgerId,
      input.size,
      `0x${"03".repeat(32)}`,
      [`0x${"04".repeat(32)}`, `0x${"05".repeat(32)}`],
    ]);
  });

  test("takes another gas limit", () => {
    const { raw } = signAnchor(CONTRACT, { ...input, gasLimit: 99_999n });
    expect(Transaction.from(`0x${bytesToHex(raw)}`).gasLimit).toBe(99_999n);
  });

  test.each([
    ["a short ledger id", { ledgerId: "0x22" }],
    ["size 0", { size: 0n }],
    ["a size of 2^40", { size: 2n ** 40n }],
    ["a short root", { root: new Uint8Array(31) }],
    ["a long hash", { consistency: [new Uint8Array(33)] }],
  ])("is refused for %s", (_name, wrong) => {
    expect(() => signAnchor(CONTRACT, { ...input, ...wrong })).toThrow(
      expect.objectContaining({ code: "invalid-argument" }),
    );
  });
});

test("the gas limit never falls below what EIP-7623 asks for the bytes alone", () => {
  for (let length = 0; length <= 80; length += 1) {
    const bytes = 4 + 32 * (5 + length);
    expect(anchorGasLimit(length)).toBeGreaterThan(21_000n + 40n * BigInt(bytes));
  }
});
