import { bytesToHex, LedgerError } from "@eventchain/core";
import { registryInterface } from "./decode-logs.ts";
import { signTransaction } from "./sign-transaction.ts";
import type { SignAnchorInput, SignedTransaction } from "./types.ts";

/** Gas of an anchor transaction but for its proof, with room for a price list that is not quite Ethereum's. */
const ANCHOR_GAS = 80_000n;
/** Gas of one hash of the proof: 512 for its bytes and two hashings at most; 1,280 at least are asked for it by EIP-7623. */
const ANCHOR_GAS_PER_HASH = 1_500n;
/** A size is below 2^40. */
const MAX_SIZE = 2n ** 40n - 1n;

/** An upper bound, from the length of the consistency proof alone. What is not used is not paid. */
export function anchorGasLimit(proofLength: number): bigint {
  return ANCHOR_GAS + ANCHOR_GAS_PER_HASH * BigInt(proofLength);
}

/** See Registry.signAnchor. Throws "invalid-argument", "bad-key". */
export function signAnchor(contract: string, input: SignAnchorInput): SignedTransaction {
  if (!/^0x[0-9a-f]{64}$/i.test(input.ledgerId)) throw invalid("a ledger id is 0x and 64 hex digits", input.ledgerId);
  if (input.size < 1n || input.size > MAX_SIZE) throw invalid("a size is from 1 to 2^40 - 1", input.size);
  if (input.root.length !== 32) throw invalid("a root is 32 bytes long", input.root);
  const wrong = input.consistency.find((hash) => hash.length !== 32);
  if (wrong !== undefined) throw invalid("a proof's hashes are 32 bytes long", wrong);
  const proof = input.consistency.map((hash) => `0x${bytesToHex(hash)}`);
  const root = `0x${bytesToHex(input.root)}`;
  return signTransaction({
    chainId: input.chainId,
    nonce: input.nonce,
    fees: input.fees,
    gasLimit: input.gasLimit ?? anchorGasLimit(proof.length),
    to: contract,
    data: registryInterface.encodeFunctionData("anchor", [input.ledgerId, input.size, root, proof]),
    key: input.key,
  });
}

function invalid(message: string, value: unknown): LedgerError {
  return new LedgerError("invalid-argument", message, { values: { value } });
}
