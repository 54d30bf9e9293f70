import type { AnchorRecord } from "@eventchain/store";
import { AlarmError, raiseAlarm } from "./alarm-error.ts";
import { type ChainIdentity, ownContract } from "./anchor/check-chain.ts";
import { isUnavailable, type LedgerFailure } from "./anchor/deps.ts";
import { sendAnchors } from "./anchor/send-anchors.ts";
import { type Settled, settleAnchors } from "./anchor/settle-anchors.ts";
import { checkMined, type Depth, type FinaliseDeps } from "./finalise/check-mined.ts";

export interface FinaliseInput {
  /** Also look whether the blocks of final anchors are still there. */
  recheckFinal?: boolean;
}

export interface FinaliseReport {
  settled: Settled[];
  checked: { anchor: AnchorRecord; depth: Depth }[];
  failures: LedgerFailure[];
  /** Anchors that are not final yet. */
  onTheWay: number;
  /** When to ask the chain again, by its policy. */
  pollMs: number;
}

/**
 * Follows the anchors of every ledger on their way: sent → mined → final. A block that is reorganised away takes its
 * anchor back to `reorged`, and its bytes are sent again; a block that was final and is gone is an alarm for people
 * (`final-reorged`): `final_size` stays, the anchor is sent again. It takes no key.
 *
 * Durable effects: each anchor's next state with its watermark, one transaction each (see `settleAnchors`,
 * `checkMined`). A restart asks the chain again and finds what was stored. It may run in several processes at once: a
 * state moves only from the block that it was read with.
 *
 * A ledger's trouble does not stop the others: see `failures`. Errors: LedgerError `chain-unavailable` where the node
 * does not answer at all, `database-…`.
 */
export async function finaliseDue(deps: FinaliseDeps, input: FinaliseInput = {}): Promise<FinaliseReport> {
  const { log } = deps;
  if (input.recheckFinal !== true && (await log.anchorsOnTheWay()) === 0) {
    return { settled: [], checked: [], failures: [], onTheWay: 0, pollMs: 0 };
  }
  const identity = await deps.chain.identity();
  const { settled, failures } = await settleAnchors(deps, identity);
  failures.push(...(await sendAnchors(deps, identity)));
  const checked: FinaliseReport["checked"] = [];
  for (const anchor of await deps.log.minedAnchors(identity.chainId)) {
    await attempt(anchor, failures, async () => {
      await ownContract(deps.log, identity, anchor.ledgerId);
      checked.push({ anchor, depth: await checkMined(deps, anchor) });
    });
  }
  if (input.recheckFinal === true) await recheckFinals(deps, identity, failures);
  const pollMs = Number(deps.policyFor(identity.chainId).pollMs);
  return { settled, checked, failures, onTheWay: await log.anchorsOnTheWay(), pollMs };
}

async function attempt(anchor: AnchorRecord, failures: LedgerFailure[], work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (isUnavailable(error)) throw error;
    failures.push({ ledgerId: anchor.ledgerId, error, news: false });
  }
}

/** A ledger's newest final anchor stands for all before it, unless its block is gone: then the next older one is looked at. */
async function recheckFinals(deps: FinaliseDeps, identity: ChainIdentity, failures: LedgerFailure[]): Promise<void> {
  for (let gone = true; gone; ) {
    gone = false;
    for (const anchor of await deps.log.finalAnchors(identity.chainId)) {
      await attempt(anchor, failures, async () => {
        await ownContract(deps.log, identity, anchor.ledgerId);
        const failure = await recheckFinal(deps, anchor);
        if (failure === undefined) return;
        failures.push(failure);
        gone = true;
      });
    }
  }
}

/**
 * Durable order: 1. the alarm stands. A restart finds the block gone again, and the alarm already there. 2. the anchor
 * is `reorged`, and its bytes will be sent again; `final_size` stays.
 */
async function recheckFinal(deps: FinaliseDeps, anchor: AnchorRecord): Promise<LedgerFailure | undefined> {
  const { ledgerId, blockNumber, blockHash, size, txHash } = anchor;
  if (blockNumber === null || blockHash === null) return undefined;
  const block = await deps.chain.block(blockNumber);
  // A node that has not come to this height is behind: that is no answer.
  if (block === undefined || block.hash === blockHash) return undefined;
  const message = `block ${blockNumber} ${blockHash}, which was final, is gone, and the anchor of size ${size} with it`;
  const values = { size, blockNumber, blockHash, txHash };
  const error = new AlarmError("chain-mismatch", message, { alarm: "final-reorged", values });
  const news = await raiseAlarm(deps.log, ledgerId, error);
  await deps.log.markReorged(anchor.anchorId, blockHash);
  return { ledgerId, error, news };
}
