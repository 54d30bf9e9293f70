import { describe, expect, test } from "vitest";
import { NodeError, type Rpc } from "./call-rpc.ts";
import { judgeRefusal, sendRaw } from "./send-raw.ts";

const refusal = (message: string, code = -32000): NodeError =>
  new NodeError("node.example", "eth_sendRawTransaction", { code, message, data: undefined });

describe("what clients say of a transaction", () => {
  test.each([
    ["geth", "already known", "already-known"],
    ["hardhat", "Known transaction: 0x12", "already-known"],
    ["nethermind", "AlreadyKnown", "already-known"],
    ["openethereum", "Transaction with the same hash was already imported.", "already-known"],
    ["geth", "nonce too low: next nonce 5, tx nonce 4", "nonce-too-low"],
    ["hardhat", "Nonce too low. Expected nonce to be 5 but got 4.", "nonce-too-low"],
    ["openethereum", "Transaction nonce is too low. Try incrementing the nonce.", "nonce-too-low"],
    ["nethermind", "OldNonce, Current nonce: 5, nonce of rejected tx: 4", "nonce-too-low"],
    ["geth", "replacement transaction underpriced", "underpriced"],
    ["geth", "transaction underpriced: tip needed 1000000000, tip permitted 1", "underpriced"],
    ["geth", "max fee per gas less than block base fee: address 0x1, maxFeePerGas: 1, baseFee: 7", "underpriced"],
    [
      "hardhat",
      "Replacement transaction underpriced. A gasPrice/maxFeePerGas of at least 11 is necessary",
      "underpriced",
    ],
    [
      "hardhat",
      "Transaction maxFeePerGas (1) is too low for the next block, which has a baseFeePerGas of 7",
      "underpriced",
    ],
    ["nethermind", "FeeTooLowToCompete", "underpriced"],
  ])("%s: %s", (_client, message, kind) => {
    expect(judgeRefusal(refusal(message))).toEqual({ kind });
  });

  test.each([
    "insufficient funds for gas * price + value: balance 0",
    "Nonce too high. Expected nonce to be 3 but got 5.",
    "intrinsic gas too low: gas 1, minimum needed 21000",
    "invalid chain id for signer: have 1 want 31337",
    "exceeds block gas limit",
  ])("else it is refused, in the node's words: %s", (message) => {
    expect(judgeRefusal(refusal(message))).toEqual({ kind: "refused", reason: message });
  });

  test.each([-32603, -32005, -32601])("an error %i is the node's own, and may pass", (code) => {
    expect(() => judgeRefusal(refusal("busy", code))).toThrow(expect.objectContaining({ code: "chain-unavailable" }));
  });
});

describe("a revert at once", () => {
  const node = (known: unknown): Rpc => ({
    host: "node.example",
    close: () => undefined,
    call: async (method) => {
      if (method === "eth_getTransactionByHash") return known;
      throw refusal("execution reverted: Inconsistent", 3);
    },
  });

  test("is accepted where the transaction is on the chain, to be seen by its receipt", async () => {
    expect(await sendRaw(node({ hash: "0x12" }), Uint8Array.of(2))).toEqual({ kind: "accepted" });
  });

  test("is refused where the node did not take it", async () => {
    expect(await sendRaw(node(null), Uint8Array.of(2))).toMatchObject({ kind: "refused" });
  });
});
