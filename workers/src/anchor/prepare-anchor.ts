import { addressOf, anchorGasLimit, type OnChainHead } from "@eventchain/chain";
import { consistencyProof, LedgerError } from "@eventchain/core";
import type { AnchorRecord, LedgerContract, LedgerRecord } from "@eventchain/store";
import { adoptAnchor } from "./adopt-anchor.ts";
import { type AnchorDeps, isUnavailable, type LedgerFailure } from "./deps.ts";
import { reasonToWait } from "./policy.ts";
import { type ComparedHeads, compareHeads } from "./read-head.ts";

export type PrepareResult =
  | { kind: "prepared"; anchor: AnchorRecord }
  | { kind: "waiting"; reason: string }
  | { kind: "nothing" };

/**
 * Steps 1 and 2 of an anchor, for one ledger. What the contract has and the table does not is adopted first; where that
 * fails, it is one of the `failures`, and the next anchor, which takes no more than the head, is made all the same.
 *
 * Durable order:
 * 1. the contract's head is asked for, nothing is written. It, not the table, says what has been anchored.
 * 2. the signed transaction is stored as `prepared`, under its reserved nonce. A restart sends these very bytes.
 *
 * Errors: AlarmError `contract-ahead` (halts), `foreign-anchor`, `tampered`; LedgerError `chain-unavailable`, `database-…`.
 */
export async function prepareAnchor(
  deps: AnchorDeps,
  ledger: LedgerRecord,
  contract: LedgerContract,
  failures: LedgerFailure[],
): Promise<PrepareResult> {
  const compared = await compareHeads(deps, ledger, contract);
  if (compared === undefined) return { kind: "nothing" };
  if (typeof compared === "string") return { kind: "waiting", reason: compared };
  const { head, checkpoint } = compared;
  const trouble = head.size > 0n ? await tryToAdopt(deps, ledger, contract, head) : undefined;
  if (trouble !== undefined) failures.push(trouble);
  if (checkpoint.size === head.size) {
    if (trouble === undefined) return { kind: "nothing" };
    return {
      kind: "waiting",
      reason: `the anchor of size ${head.size} is on chain, but its transaction was not found`,
    };
  }
  const sender = addressOf(deps.key).toLowerCase();
  if (head.anchorer.toLowerCase() !== sender) {
    return {
      kind: "waiting",
      reason: `the contract's anchorer is ${head.anchorer}, this worker's key is that of ${sender}`,
    };
  }
  return signAnchor(deps, { ledger, contract, sender, compared });
}

/** Adopts the contract's head. What went wrong, unless a server is silent. */
async function tryToAdopt(
  deps: AnchorDeps,
  ledger: LedgerRecord,
  contract: LedgerContract,
  head: OnChainHead,
): Promise<LedgerFailure | undefined> {
  try {
    await adoptAnchor(deps, ledger, contract, head);
    return undefined;
  } catch (error) {
    if (isUnavailable(error)) throw error;
    return { ledgerId: ledger.ledgerId, error, news: false };
  }
}

interface SignInput {
  ledger: LedgerRecord;
  contract: LedgerContract;
  sender: string;
  compared: ComparedHeads;
}

function proofFrom(head: OnChainHead, { checkpoint, tiles }: ComparedHeads): Uint8Array[] {
  return head.size === 0n ? [] : consistencyProof(tiles, head.size, checkpoint.size);
}

async function signAnchor(deps: AnchorDeps, input: SignInput): Promise<PrepareResult> {
  const { ledger, contract, sender, compared } = input;
  const { head, checkpoint } = compared;
  const { chainId } = contract;
  const consistency = proofFrom(head, compared);
  const gasLimit = anchorGasLimit(consistency.length);
  const fees = await deps.chain.fees();
  const facts = await deps.log.anchorFacts({ ledgerId: ledger.ledgerId, chainId, sender, fromSize: head.size });
  const reason = reasonToWait(deps.policyFor(chainId), facts, { maxFeePerGasWei: fees.maxFeePerGasWei, gasLimit });
  if (reason !== undefined) return { kind: "waiting", reason };
  const draft = {
    ledgerId: ledger.ledgerId,
    epoch: ledger.epoch,
    fromSize: head.size,
    size: checkpoint.size,
    root: checkpoint.root,
    chainId,
    contract: contract.contract,
    sender,
    minedNonce: await deps.chain.nonce(sender),
  };
  const registry = deps.chain.registry(contract.contract);
  const prepared = await deps.log.prepareAnchor(draft, (nonce) => {
    const { size, root } = checkpoint;
    const { key } = deps;
    const signed = registry.signAnchor({
      ledgerId: contract.onchainId,
      size,
      root,
      consistency,
      nonce,
      fees,
      key,
      chainId,
      gasLimit,
    });
    if (signed.from.toLowerCase() !== sender)
      throw new LedgerError("bad-key", "signed by another key than was asked for");
    return { raw: signed.raw, txHash: signed.txHash, gasLimit, ...fees };
  });
  return prepared.kind === "busy" ? { kind: "nothing" } : prepared;
}
