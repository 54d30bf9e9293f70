import type { AnchorRecord } from "@eventchain/store";
import { type ChainIdentity, ownContract } from "./check-chain.ts";
import { type ChainDeps, isUnavailable, type LedgerFailure } from "./deps.ts";

/** Sends one anchor's bytes. Gives what the node has against them; undefined where it took them, now or before. */
export async function sendAnchor(deps: ChainDeps, anchor: AnchorRecord): Promise<string | undefined> {
  if (anchor.raw.length === 0) {
    await deps.log.markFailed(anchor.anchorId, "found on chain without a row of ours, and gone again with its block");
    return undefined;
  }
  const outcome = await deps.chain.sendRaw(anchor.raw);
  switch (outcome.kind) {
    case "accepted":
    case "already-known":
      await deps.log.markSent(anchor.anchorId, null);
      return undefined;
    case "nonce-too-low":
      // It is mined, or another transaction took its nonce: its receipt tells.
      return undefined;
    case "underpriced":
      return `the node finds the anchor's fee of ${anchor.maxFeePerGasWei} wei too low; it is raised in a while`;
    case "refused":
      return `the node refuses the anchor's transaction: ${outcome.reason}`;
  }
}

/**
 * Step 3 of an anchor, for all that an earlier run left: what was `prepared` but perhaps never sent, what lost its block,
 * and what was sent long ago, should the node have lost it. In the order of the nonces, of every ledger, halted ones
 * too: a nonce that is never sent would hold up all after it.
 *
 * Durable order: 1. the node has the bytes. A restart sends them again, which is harmless. 2. `sent`.
 */
export async function sendAnchors(deps: ChainDeps, identity: ChainIdentity, sender?: string): Promise<LedgerFailure[]> {
  const failures: LedgerFailure[] = [];
  const { resendAfterMs } = deps.policyFor(identity.chainId);
  for (const anchor of await deps.log.openAnchors(identity.chainId, sender)) {
    if (anchor.state === "sent" && (anchor.sinceSentMs ?? resendAfterMs) < resendAfterMs) continue;
    try {
      await ownContract(deps.log, identity, anchor.ledgerId);
      const reason = await sendAnchor(deps, anchor);
      // What it waits for is over when it is sent for the first time; later it may be stuck for another reason.
      if (reason !== undefined || anchor.state !== "sent") await deps.log.noteWaiting(anchor.ledgerId, reason ?? null);
    } catch (error) {
      if (isUnavailable(error)) throw error;
      failures.push({ ledgerId: anchor.ledgerId, error, news: false });
    }
  }
  return failures;
}
