import { LedgerError } from "@eventchain/core";
import { NodeError, type Rpc } from "./call-rpc.ts";
import { registryInterface } from "./decode-logs.ts";
import { asBigint, asHex } from "./read-answer.ts";

/**
 * Calls a view of the contract in the newest block and gives the bytes it answers. None of its views ever reverts.
 *
 * Errors: "chain-mismatch": what stands at the address is no AnchorRegistry; "chain-unavailable".
 */
export async function callContract(rpc: Rpc, contract: string, data: string): Promise<string> {
  try {
    const bytes = asHex(await rpc.call("eth_call", [{ to: contract, data }, "latest"]), "a contract's answer");
    if (bytes !== "0x") return bytes;
  } catch (error) {
    if (!(error instanceof NodeError) || revertReason(error) === undefined) throw error;
  }
  throw notARegistry(contract);
}

export function notARegistry(contract: string): LedgerError {
  const values = { contract };
  return new LedgerError("chain-mismatch", `there is no AnchorRegistry at ${contract} on this chain`, { values });
}

/** Gas that a call would take now. Errors: "chain-reverted" with the contract's own error, "chain-unavailable". */
export async function estimateGas(rpc: Rpc, call: { from: string; to: string; data: string }): Promise<bigint> {
  try {
    return asBigint(await rpc.call("eth_estimateGas", [call]), "an estimate of gas");
  } catch (error) {
    const reason = error instanceof NodeError ? revertReason(error) : undefined;
    if (reason === undefined) throw error;
    throw new LedgerError("chain-reverted", `the contract refuses: ${reason}`, { values: { reason } });
  }
}

/** EIP-1474: code 3 means that execution reverted; hardhat and others use codes of their own and say "revert". */
const EXECUTION_REVERTED = 3;

function revertReason(error: NodeError): string | undefined {
  const parsed = parseRevert(error.data);
  if (parsed !== undefined) return parsed;
  return error.rpcCode === EXECUTION_REVERTED || /revert/i.test(error.rpcMessage) ? error.rpcMessage : undefined;
}

/** The contract's error with its values, from the bytes it reverted with: geth's `data`, hardhat's `data.data`. */
function parseRevert(data: unknown): string | undefined {
  const bytes = typeof data === "object" && data !== null ? (data as { data?: unknown }).data : data;
  if (typeof bytes !== "string" || !/^0x([0-9a-f]{2}){4,}$/i.test(bytes)) return undefined;
  try {
    const parsed = registryInterface.parseError(bytes);
    return parsed === null ? undefined : `${parsed.name}(${parsed.args.toArray().join(", ")})`;
  } catch {
    return undefined;
  }
}
