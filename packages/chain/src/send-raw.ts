import { type Bytes, bytesToHex } from "@eventchain/core";
import { keccak256 } from "ethers";
import { NodeError, type Rpc } from "./call-rpc.ts";
import { asHash, badAnswer } from "./read-answer.ts";
import type { SendOutcome } from "./types.ts";

// JSON-RPC error codes that speak of the node, not of the transaction (EIP-1474): parse error, no such method, internal
// error, resource unavailable, method not supported, limit exceeded.
const NODE_TROUBLE = new Set([-32700, -32601, -32603, -32002, -32004, -32005]);

// Every client has its own words. In this order: a replacement that is refused may mention the nonce as well.
const MEANINGS: readonly (readonly [RegExp, "already-known" | "underpriced" | "nonce-too-low"])[] = [
  [/already known|known transaction|alreadyknown|already imported|already in (the )?(mem|tx)?pool/i, "already-known"],
  [
    /underpriced|fee ?too ?low|replacementnotallowed|too low for the next block|less than block base fee/i,
    "underpriced",
  ],
  [/nonce (is )?too low|oldnonce/i, "nonce-too-low"],
];

/**
 * Gives a signed transaction to the node. Safe to repeat with the same bytes.
 *
 * Errors: "chain-unavailable"; the transaction may have arrived all the same.
 */
export async function sendRaw(rpc: Rpc, raw: Bytes): Promise<SendOutcome> {
  const hex = `0x${bytesToHex(raw)}`;
  try {
    const answer = await rpc.call("eth_sendRawTransaction", [hex]);
    if (asHash(answer, "a sent transaction's hash") === keccak256(hex)) return { kind: "accepted" };
    throw badAnswer("another transaction's hash");
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
    const outcome = judgeRefusal(error);
    // A node that mines at once (Hardhat's) answers with the revert of a transaction that stands in a block by then;
    // another may have looked ahead and not taken it.
    if (outcome.kind !== "refused" || !/revert/i.test(outcome.reason)) return outcome;
    const known = await rpc.call("eth_getTransactionByHash", [keccak256(hex)]);
    return known === null ? outcome : { kind: "accepted" };
  }
}

/** What a node's error on a transaction means. Throws it when it speaks of the node. */
export function judgeRefusal(error: NodeError): SendOutcome {
  for (const [pattern, kind] of MEANINGS) if (pattern.test(error.rpcMessage)) return { kind };
  if (NODE_TROUBLE.has(error.rpcCode)) throw error;
  return { kind: "refused", reason: error.rpcMessage };
}
