import { type Bytes, hexToBytes } from "@eventchain/core";
import { computeAddress, SigningKey, Transaction } from "ethers";
import { parsePrivateKey } from "./private-key.ts";
import type { Fees, SignedTransaction } from "./types.ts";

export interface TransactionInput {
  chainId: bigint;
  nonce: bigint;
  fees: Fees;
  gasLimit: bigint;
  /** null: creates a contract. */
  to: string | null;
  /** 0x hex. */
  data: string;
  key: string;
}

/** Signs a type-2 transaction (EIP-1559) without value. Deterministic (RFC 6979): the same input, the same bytes. */
export function signTransaction(input: TransactionInput): SignedTransaction & { raw: Bytes } {
  const signer = new SigningKey(parsePrivateKey(input.key));
  const transaction = Transaction.from({
    type: 2,
    chainId: input.chainId,
    nonce: Number(input.nonce),
    maxFeePerGas: input.fees.maxFeePerGasWei,
    maxPriorityFeePerGas: input.fees.maxPriorityFeePerGasWei,
    gasLimit: input.gasLimit,
    to: input.to,
    data: input.data,
  });
  transaction.signature = signer.sign(transaction.unsignedHash);
  return {
    raw: hexToBytes(transaction.serialized.slice(2)),
    txHash: transaction.hash ?? "",
    from: computeAddress(signer).toLowerCase(),
  };
}
