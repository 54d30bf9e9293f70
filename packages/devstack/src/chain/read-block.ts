import { Transaction, type TransactionLike } from "ethers";
import type { CallNode } from "./create-network.ts";
import type { KeptBlock, KeptTransaction } from "./open-journal.ts";

type RpcTransaction = Readonly<Record<string, unknown>> & { readonly hash: string; readonly from: string };

interface RpcBlock {
  readonly number: string;
  readonly hash: string;
  readonly timestamp: string;
  readonly transactions: readonly RpcTransaction[];
}

/** A block with what is needed to make it again; undefined if the chain is not that long. */
export async function readBlock(call: CallNode, number: number): Promise<KeptBlock | undefined> {
  const block = (await call("eth_getBlockByNumber", [quantity(number), true])) as RpcBlock | null;
  if (block === null) return undefined;
  const head = { block: Number(block.number), hash: block.hash, timeSeconds: Number(block.timestamp) };
  return block.transactions.length === 0 ? head : { ...head, transactions: block.transactions.map(toKept) };
}

/** The newest block's number. */
export async function readHeight(call: CallNode): Promise<number> {
  return Number(await call("eth_blockNumber"));
}

/** A number as JSON-RPC writes it. */
export function quantity(value: number): string {
  return `0x${value.toString(16)}`;
}

function toKept(transaction: RpcTransaction): KeptTransaction {
  try {
    const signed = Transaction.from(toSigned(transaction));
    if (signed.hash === transaction.hash) return signed.serialized;
  } catch {
    // Not one that a key has signed: an impersonated sender's.
  }
  return toRequest(transaction);
}

function toSigned(rpc: RpcTransaction): TransactionLike {
  const text = (name: string): string => rpc[name] as string;
  const type = Number(rpc.type ?? 0);
  const fees =
    type >= 2
      ? { maxFeePerGas: text("maxFeePerGas"), maxPriorityFeePerGas: text("maxPriorityFeePerGas") }
      : { gasPrice: text("gasPrice") };
  return {
    type,
    to: (rpc.to as string | null) ?? null,
    nonce: Number(rpc.nonce),
    gasLimit: text("gas"),
    value: text("value"),
    data: text("input"),
    chainId: rpc.chainId === undefined || rpc.chainId === null ? 0 : text("chainId"),
    ...fees,
    ...(type >= 1 ? { accessList: rpc.accessList as [] } : {}),
    ...(type === 4 ? { authorizationList: rpc.authorizationList as [] } : {}),
    signature: { r: text("r"), s: text("s"), v: type === 0 ? text("v") : Number(rpc.v) + 27 },
  };
}

function toRequest(rpc: RpcTransaction): Record<string, string> {
  const names = ["from", "to", "gas", "value", "nonce", "type", "accessList"];
  names.push(...(Number(rpc.type ?? 0) >= 2 ? ["maxFeePerGas", "maxPriorityFeePerGas"] : ["gasPrice"]));
  const kept = names.filter((name) => rpc[name] !== undefined && rpc[name] !== null);
  return Object.fromEntries([...kept.map((name) => [name, rpc[name]]), ["data", rpc.input]]);
}
