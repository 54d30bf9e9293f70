import { anchorGasLimit, type Fees } from "@eventchain/chain";
import { consistencyProof, hexToBytes, tilesForConsistency } from "@eventchain/core";
import type { AnchorRecord, LedgerContract } from "@eventchain/store";
import { type ChainIdentity, ownContract } from "./check-chain.ts";
import { type AnchorDeps, isUnavailable, type LedgerFailure } from "./deps.ts";
import { cheaperFees, reasonNotToReplace, replacementFees } from "./policy.ts";
import { sendAnchor } from "./send-anchors.ts";

/** What is to be done with a transaction that holds up its sender. */
type Remedy =
  | { kind: "replace"; nonce: bigint; fees: Fees }
  /** It stays as it is, and is sent again in its turn. */
  | { kind: "keep"; reason?: string };

function raised(anchor: AnchorRecord, now: Fees): Remedy {
  const fees = replacementFees(anchor, now);
  if (fees !== undefined) return { kind: "replace", nonce: anchor.nonce, fees };
  const reason = `an anchor is not mined, though it bids ${anchor.maxFeePerGasWei} wei for each gas: it is not raised further`;
  return { kind: "keep", reason };
}

/** Only a bid that the node has taken is too low: one that it refuses (for want of money, say) is not raised. */
async function findRemedy(deps: AnchorDeps, anchor: AnchorRecord, next: bigint): Promise<Remedy> {
  const { log, chain } = deps;
  const now = await chain.fees();
  if (anchor.nonce > next) return { kind: "replace", nonce: next, fees: now };
  if (anchor.state === "sent") return raised(anchor, now);
  const outcome = await chain.sendRaw(anchor.raw);
  switch (outcome.kind) {
    case "underpriced":
      return raised(anchor, now);
    case "refused": {
      const fees = cheaperFees(anchor, now);
      return fees === undefined ? { kind: "keep" } : { kind: "replace", nonce: anchor.nonce, fees };
    }
    case "nonce-too-low":
      return { kind: "keep" };
    case "accepted":
    case "already-known":
      await log.markSent(anchor.anchorId, null);
      return { kind: "keep" };
  }
}

/** The same head again, with another fee. Why it is not replaced, or undefined. */
async function replaceAnchor(
  deps: AnchorDeps,
  contract: LedgerContract,
  anchor: AnchorRecord,
  { nonce, fees }: { nonce: bigint; fees: Fees },
): Promise<string | undefined> {
  const { log, chain, key } = deps;
  const { ledgerId, chainId, fromSize, size, sender } = anchor;
  const ids = fromSize === 0n ? [] : tilesForConsistency(fromSize, size);
  const consistency = fromSize === 0n ? [] : consistencyProof(await log.tiles(ledgerId, ids), fromSize, size);
  const gasLimit = anchorGasLimit(consistency.length);
  const facts = await log.anchorFacts({ ledgerId, chainId, sender, fromSize });
  const old = { maxFeePerGasWei: anchor.maxFeePerGasWei, gasLimit };
  const policy = deps.policyFor(chainId);
  if (fees.maxFeePerGasWei > old.maxFeePerGasWei) {
    const reason = reasonNotToReplace(policy, facts, old, { maxFeePerGasWei: fees.maxFeePerGasWei, gasLimit });
    if (reason !== undefined) return reason;
  }
  const root = hexToBytes(anchor.root.slice(2), 32);
  const signed = chain
    .registry(contract.contract)
    .signAnchor({ ledgerId: contract.onchainId, size, root, consistency, nonce, fees, key, chainId, gasLimit });
  const replaced = await log.replaceAnchor(anchor.anchorId, { ...anchor, root }, nonce, {
    raw: signed.raw,
    txHash: signed.txHash,
    gasLimit,
    ...fees,
  });
  return replaced.kind === "busy" ? undefined : sendAnchor(deps, replaced.anchor);
}

/**
 * Replaces the transaction that holds up a sender: the one of the next nonce, when it has waited for `replaceAfterMs`.
 * One that the node does not take is sent again instead, and signed anew only where the chain became cheaper.
 * Where nothing of ours has that nonce (a failed transaction's block was reorganised away), the oldest one that waits
 * behind the gap takes it.
 *
 * Durable order: 1. the old one is `replaced`, the new one `prepared`, in one transaction. A restart sends the new one;
 * whichever of the two is mined is found by its receipt. 2. the node has the bytes. 3. `sent`.
 */
export async function replaceStuck(
  deps: AnchorDeps,
  identity: ChainIdentity,
  sender: string,
): Promise<LedgerFailure[]> {
  const { chainId } = identity;
  const open = await deps.log.openAnchors(chainId, sender);
  const oldest = open[0];
  const { replaceAfterMs } = deps.policyFor(chainId);
  if (oldest === undefined || oldest.raw.length === 0 || oldest.sincePreparedMs < replaceAfterMs) return [];
  const next = await deps.chain.nonce(sender);
  if (oldest.nonce < next) return [];
  try {
    const contract = await ownContract(deps.log, identity, oldest.ledgerId);
    const remedy = await findRemedy(deps, oldest, next);
    const reason = remedy.kind === "keep" ? remedy.reason : await replaceAnchor(deps, contract, oldest, remedy);
    if (reason !== undefined) await deps.log.noteWaiting(oldest.ledgerId, reason);
  } catch (error) {
    if (isUnavailable(error)) throw error;
    return [{ ledgerId: oldest.ledgerId, error, news: false }];
  }
  return [];
}
