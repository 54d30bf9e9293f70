import type { AnchorRecord } from "@eventchain/store";
import { type ChainIdentity, ownContract } from "./check-chain.ts";
import { type ChainDeps, isUnavailable, type LedgerFailure } from "./deps.ts";

async function retireAnchor(deps: ChainDeps, identity: ChainIdentity, anchor: AnchorRecord): Promise<void> {
  const contract = await ownContract(deps.log, identity, anchor.ledgerId);
  const head = await deps.chain.registry(contract.contract).head(contract.onchainId);
  if ("kind" in head || head.anchorer.toLowerCase() === anchor.sender) return;
  await deps.log.markFailed(anchor.anchorId, `its sender ${anchor.sender} is no longer the ledger's anchorer`);
}

/**
 * Gives up what another key left unsent or unmined, once the contract has a new anchorer: it could only be reverted, and
 * the ledger would wait for it for ever.
 *
 * Durable effect: 1. each one is `failed`, by itself. A restart asks the contract again.
 */
export async function retireAnchors(
  deps: ChainDeps,
  identity: ChainIdentity,
  sender: string,
): Promise<LedgerFailure[]> {
  const failures: LedgerFailure[] = [];
  const { replaceAfterMs } = deps.policyFor(identity.chainId);
  for (const anchor of await deps.log.openAnchors(identity.chainId)) {
    if (anchor.sender === sender || anchor.sincePreparedMs < replaceAfterMs) continue;
    try {
      await retireAnchor(deps, identity, anchor);
    } catch (error) {
      if (isUnavailable(error)) throw error;
      failures.push({ ledgerId: anchor.ledgerId, error, news: false });
    }
  }
  return failures;
}
