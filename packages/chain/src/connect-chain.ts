import { LedgerError, parseAddress } from "@eventchain/core";
import { openRpc } from "./call-rpc.ts";
import { isDeepEnough } from "./check-depth.ts";
import { openRegistry } from "./open-registry.ts";
import { asBigint, badAnswer } from "./read-answer.ts";
import { readBlock, readFees } from "./read-block.ts";
import { readReceipt } from "./read-receipt.ts";
import { sendRaw } from "./send-raw.ts";
import { DEFAULT_SEND } from "./send-transaction.ts";
import type { Chain, ConnectOptions } from "./types.ts";

/** The longest wait for one answer. */
export const DEFAULT_TIMEOUT_MS = 10_000;

/**
 * A node of a chain, by JSON-RPC over HTTP. Sends nothing until it is used; keeps nothing between two calls, not even the
 * chain's id, since another node may stand behind the same URL a moment later. Throws "invalid-argument" for a bad URL.
 */
export function connectChain(options: ConnectOptions): Chain {
  const rpc = openRpc(options.rpcUrl, options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
  const send = { ...DEFAULT_SEND, pollMs: options.pollMs ?? DEFAULT_SEND.pollMs };

  const chain: Chain = {
    chainId: async () => asBigint(await rpc.call("eth_chainId", []), "the chain's id"),
    async genesisHash() {
      const genesis = await readBlock(rpc, 0n);
      if (genesis === undefined) throw badAnswer("no block 0");
      return genesis.hash;
    },
    async identity() {
      const [chainId, genesisHash] = await Promise.all([chain.chainId(), chain.genesisHash()]);
      return { chainId, genesisHash };
    },
    block: (tag) => readBlock(rpc, tag),
    async nonce(address) {
      return asBigint(await rpc.call("eth_getTransactionCount", [parseAddress(address), "latest"]), "a nonce");
    },
    fees: () => readFees(rpc),
    sendRaw: (raw) => sendRaw(rpc, raw),
    receipt: (txHash) => readReceipt(rpc, checkTxHash(txHash)),
    isDeepEnough: (block, finality) => isDeepEnough(rpc, block, finality),
    registry: (contract) => openRegistry({ rpc, chain, send }, contract),
    head: ({ contract, ledgerId }) => chain.registry(contract).head(ledgerId),
    async anchored({ contract, ledgerId, txHash }) {
      const address = parseAddress(contract);
      const receipt = await chain.receipt(txHash);
      if (receipt.kind === "not-found" || !receipt.succeeded) return { kind: "not-found" };
      const log = receipt.anchored.findLast((at) => at.contract === address && at.ledgerId === ledgerId.toLowerCase());
      if (log === undefined) return { kind: "not-found" };
      const [latest, finalized] = await Promise.all([readBlock(rpc, "latest"), readBlock(rpc, "finalized")]);
      if (latest === undefined) throw badAnswer("no latest block");
      // Last of all: whether the block that the receipt names is the current chain's.
      if ((await readBlock(rpc, log.blockNumber))?.hash !== log.blockHash) return { kind: "not-found" };
      const { epoch, fromSize, size, root, blockNumber, blockHash } = log;
      const place = { blockNumber, blockHash, confirmations: latest.number - blockNumber };
      const isFinalized = finalized !== undefined && finalized.number >= blockNumber;
      return { kind: "found", epoch, fromSize, size, root, ...place, finalized: isFinalized };
    },
    close: () => rpc.close(),
  };
  return chain;
}

function checkTxHash(txHash: string): string {
  if (/^0x[0-9a-f]{64}$/i.test(txHash)) return txHash.toLowerCase();
  throw new LedgerError("invalid-argument", "a transaction's hash is 0x and 64 hex digits", { values: { txHash } });
}
