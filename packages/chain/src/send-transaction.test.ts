import { LedgerError } from "@eventchain/core";
import { expect, test } from "vitest";
import { sendTransaction } from "./send-transaction.ts";
import type { Chain, ReceiptOutcome, SendOutcome } from "./types.ts";

const KEY = `0x${"66".repeat(32)}`;
const CREATION = { to: null, data: "0x00", gasLimit: 100_000n, key: KEY };
const OPTIONS = { pollMs: 1, waitMs: 20_000 };
const MINED: ReceiptOutcome = {
  kind: "mined",
  blockNumber: 5n,
  blockHash: `0x${"11".repeat(32)}`,
  succeeded: true,
  gasUsed: 1n,
  feeWei: 1n,
  anchored: [],
};

/** A chain that gives these answers in turn; the last ones again and again. */
function scripted(sends: readonly SendOutcome[], receipts: readonly (ReceiptOutcome | LedgerError)[]) {
  const sent: Uint8Array[] = [];
  let looks = 0;
  const chain: Pick<Chain, "chainId" | "nonce" | "fees" | "sendRaw" | "receipt"> = {
    chainId: async () => 31337n,
    nonce: async () => BigInt(sent.length),
    fees: async () => ({ maxFeePerGasWei: 2n, maxPriorityFeePerGasWei: 1n }),
    async sendRaw(raw) {
      sent.push(raw);
      return sends[Math.min(sent.length, sends.length) - 1] ?? { kind: "accepted" };
    },
    async receipt() {
      looks += 1;
      const answer = receipts[Math.min(looks, receipts.length) - 1] ?? { kind: "not-found" };
      if (answer instanceof LedgerError) throw answer;
      return answer;
    },
  };
  return { chain, sent };
}

const silent = new LedgerError("chain-unavailable", "no answer");

test("waits for the block, through a node's silences", async () => {
  const { chain, sent } = scripted([{ kind: "accepted" }], [{ kind: "not-found" }, silent, silent, MINED]);
  expect(await sendTransaction(chain, CREATION, OPTIONS)).toMatchObject({ blockNumber: 5n, nonce: 0n });
  expect(sent).toHaveLength(1);
});

test("signs again with the next nonce when another transaction took this one", async () => {
  const sends = [{ kind: "nonce-too-low" }, { kind: "underpriced" }, { kind: "already-known" }] as const;
  const { chain, sent } = scripted(sends, [MINED]);
  expect(await sendTransaction(chain, CREATION, OPTIONS)).toMatchObject({ nonce: 2n });
  expect(sent).toHaveLength(3);
});

test("says when it was refused, or mined as a failure", async () => {
  const refused = scripted([{ kind: "refused", reason: "insufficient funds" }], []);
  await expect(sendTransaction(refused.chain, CREATION, OPTIONS)).rejects.toMatchObject({
    code: "chain-reverted",
    message: expect.stringContaining("insufficient funds"),
  });
  const failed = scripted([{ kind: "accepted" }], [{ ...MINED, succeeded: false }]);
  await expect(sendTransaction(failed.chain, CREATION, OPTIONS)).rejects.toMatchObject({ code: "chain-reverted" });
});

test("gives up in time, naming the transaction that may still be mined", async () => {
  const { chain } = scripted([{ kind: "accepted" }], [{ kind: "not-found" }]);
  await expect(sendTransaction(chain, CREATION, { pollMs: 1, waitMs: -1 })).rejects.toMatchObject({
    code: "timeout",
    retryable: true,
    values: { txHash: expect.stringMatching(/^0x[0-9a-f]{64}$/) },
  });
});
