import type { AnchorRecord } from "@eventchain/store";
import { type ChainIdentity, ownContract } from "./check-chain.ts";
import { type ChainDeps, isUnavailable, type LedgerFailure } from "./deps.ts";
import { type MinedReceipt, readMinedFacts } from "./read-mined-facts.ts";

/** What became of one anchor in a look at its receipts. */
export interface Settled {
  anchor: AnchorRecord;
  state: "mined" | "failed";
  error?: string;
}

/** Why a mined transaction anchored nothing; undefined where our own log, with just our head, is in it. */
function whyFailed(receipt: MinedReceipt, anchor: AnchorRecord, onchainId: string): string | undefined {
  if (!receipt.succeeded) return `reverted in block ${receipt.blockNumber}`;
  const anchored = receipt.anchored.some(
    (log) =>
      log.contract === anchor.contract &&
      log.ledgerId === onchainId &&
      log.size === anchor.size &&
      log.root === anchor.root,
  );
  return anchored ? undefined : `mined in block ${receipt.blockNumber}, but without this head in its logs`;
}

async function settleMined(
  deps: ChainDeps,
  anchor: AnchorRecord,
  receipt: MinedReceipt,
  onchainId: string,
): Promise<Settled | undefined> {
  const facts = await readMinedFacts(deps.chain, receipt);
  if (facts === undefined) return undefined;
  const error = whyFailed(receipt, anchor, onchainId);
  if (error === undefined) {
    await deps.log.markMined(anchor.anchorId, facts);
    await deps.log.noteWaiting(anchor.ledgerId, null);
    return { anchor, state: "mined" };
  }
  await deps.log.markFailed(anchor.anchorId, error, facts);
  return { anchor, state: "failed", error };
}

/** Looks for one anchor's transaction, then for those that it replaced, on the current chain. */
async function settleOne(deps: ChainDeps, identity: ChainIdentity, anchor: AnchorRecord): Promise<Settled | undefined> {
  await ownContract(deps.log, identity, anchor.ledgerId);
  // Asked before the receipts: a nonce that is used up by now belongs to a transaction that they must show.
  const minedNonce = await deps.chain.nonce(anchor.sender);
  for (const candidate of [anchor, ...(await deps.log.replacedSiblings(anchor))]) {
    const receipt = await deps.chain.receipt(candidate.txHash);
    if (receipt.kind === "mined") {
      const { onchainId } = await ownContract(deps.log, identity, candidate.ledgerId);
      const settled = await settleMined(deps, candidate, receipt, onchainId);
      // One that was replaced used up the nonce, but anchored nothing: what replaced it cannot be mined any more.
      if (settled?.state === "failed" && candidate !== anchor) {
        await deps.log.markFailed(anchor.anchorId, `its nonce was used by ${candidate.txHash}`);
      }
      return settled;
    }
  }
  const old = anchor.sincePreparedMs >= deps.policyFor(anchor.chainId).resendAfterMs;
  if (anchor.nonce < minedNonce && old) {
    const error = `its nonce ${anchor.nonce} was used by a transaction of somebody else with this key`;
    await deps.log.markFailed(anchor.anchorId, error);
    return { anchor, state: "failed", error };
  }
  return undefined;
}

/**
 * Looks at the receipts of every anchor on its way, of all senders. Not found is no answer about what happens next: the
 * anchor stays as it is. Given up is only one whose nonce was used up by another transaction, and not at the first
 * look, since two nodes behind one URL may be a block apart.
 *
 * Durable effect: 1. each anchor's new state, by itself. A restart looks at the receipts again.
 */
export async function settleAnchors(
  deps: ChainDeps,
  identity: ChainIdentity,
): Promise<{ settled: Settled[]; failures: LedgerFailure[] }> {
  const settled: Settled[] = [];
  const failures: LedgerFailure[] = [];
  for (const anchor of await deps.log.openAnchors(identity.chainId)) {
    try {
      const result = await settleOne(deps, identity, anchor);
      if (result !== undefined) settled.push(result);
    } catch (error) {
      if (isUnavailable(error)) throw error;
      failures.push({ ledgerId: anchor.ledgerId, error, news: false });
    }
  }
  return { settled, failures };
}
