import { LedgerError } from "@eventchain/core";
import { expect, test } from "vitest";
import { addressOf, parsePrivateKey } from "./private-key.ts";
import { signTransaction } from "./sign-transaction.ts";

const KEY = `0x${"AB".repeat(32)}`;
const ORDER = "0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";

test("a key is read from a file's one line", () => {
  expect(parsePrivateKey(`${KEY}\n`)).toBe(KEY.toLowerCase());
  expect(addressOf(KEY)).toBe(addressOf(KEY.toLowerCase()));
  // Known answer: the address of the key 1.
  expect(addressOf(`0x${"1".padStart(64, "0")}`)).toBe("0x7e5f4552091a69125d5dfcb7b8c2659029395bdf");
});

const bad = [
  KEY.slice(2),
  `${KEY}ff`,
  KEY.slice(0, -1),
  `${KEY}\n${KEY}`,
  `0x${"0".repeat(64)}`,
  ORDER,
  "",
  `0x${"zz".repeat(32)}`,
];

test.each(bad.map((text, index) => [index, text] as const))(
  "bad key %i is refused, and never shown",
  (_index, text) => {
    const fees = { maxFeePerGasWei: 1n, maxPriorityFeePerGasWei: 1n };
    const transaction = { chainId: 1n, nonce: 0n, fees, gasLimit: 1n, to: null, data: "0x", key: text };
    for (const use of [() => parsePrivateKey(text), () => addressOf(text), () => signTransaction(transaction)]) {
      try {
        use();
        expect.unreachable("was accepted");
      } catch (error) {
        expect(error).toBeInstanceOf(LedgerError);
        expect(error).toMatchObject({ code: "bad-key" });
        expect((error as Error).cause).toBeUndefined();
        const shown = `${JSON.stringify(error)} ${(error as Error).stack}`.toLowerCase();
        if (text.length > 8) expect(shown).not.toContain(text.trim().toLowerCase().slice(2, 20));
      }
    }
  },
);

test("what is not text is a bad key too", () => {
  expect(() => parsePrivateKey(undefined as never)).toThrow(expect.objectContaining({ code: "bad-key" }));
});
