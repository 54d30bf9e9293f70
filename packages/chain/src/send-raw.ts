import { type Bytes, bytesToHex } from "@eventchain/core";
import { keccak256 } from "ethers";
import { NodeError, type Rpc } from "./call-rpc.ts";
import type { SendOutcome } from "./types.ts";

// JSON-RPC error codes that speak of the node, not of the transaction (EIP-1474): parse error, no such method, internal
// error, resource unavailable, limit exceeded.
const NODE_TROUBLE = new Set([-32700, -32601, -32603, -32002, -32005]);

// Every client has its own words. In this order: a replacement that is refused may mention the nonce as well.
const MEANINGS: readonly (readonly [RegExp, "already-known" | "underpriced" | "nonce-too-low"])[] = [
  [/already known|known transaction|alreadyknown|already imported|already in (the )?(mem|tx)?pool/i, "already-known"],
  [
    /underpriced|fee ?too ?low|replacementnotallowed|too low for the next block|less than block base fee/i,
    "underpriced",
  ],
  [/nonce (is )?too low|oldnonce|invalid nonce.*too low/i, "nonce-too-low"],
];

/**
 * Gives a signed transaction to the node. Safe to repeat with the same bytes.
 *
 * Errors: "chain-unavailable"; the transaction may have arrived all the same.
 */
export async function sendRaw(rpc: Rpc, raw: Bytes): Promise<SendOutcome> {
  const hex = `0x${bytesToHex(raw)}`;
  try {
    await rpc.call("eth_sendRawTransaction", [hex]);
    return { kind: "accepted" };
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
    return judgeRefusal(error, keccak256(hex));
  }
}

/** Exported for its test. */
export function judgeRefusal(error: NodeError, txHash: string): SendOutcome {
  // Hardhat mines at once and then answers that the transaction failed: it stands in a block, and its receipt says so.
  if (namesTransaction(error.data, txHash)) return { kind: "accepted" };
  for (const [pattern, kind] of MEANINGS) if (pattern.test(error.rpcMessage)) return { kind };
  if (NODE_TROUBLE.has(error.rpcCode)) throw error;
  return { kind: "refused", reason: error.rpcMessage };
}

function namesTransaction(data: unknown, txHash: string): boolean {
  if (typeof data !== "object" || data === null) return false;
  const { txHash: short, transactionHash: long } = data as { txHash?: unknown; transactionHash?: unknown };
  return short === txHash || long === txHash;
}
