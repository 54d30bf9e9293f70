import { addressOf } from "@eventchain/chain";
import { LedgerError } from "@eventchain/core";
import type { AnchorRecord, LedgerRecord } from "@eventchain/store";
import { raiseAlarm } from "./alarm-error.ts";
import { type ChainIdentity, ownContract } from "./anchor/check-chain.ts";
import { type AnchorDeps, isUnavailable, type LedgerFailure } from "./anchor/deps.ts";
import { reasonToPause } from "./anchor/policy.ts";
import { prepareAnchor } from "./anchor/prepare-anchor.ts";
import { replaceStuck } from "./anchor/replace-stuck.ts";
import { retireAnchors } from "./anchor/retire-anchors.ts";
import { sendAnchor, sendAnchors } from "./anchor/send-anchors.ts";
import { type Settled, settleAnchors } from "./anchor/settle-anchors.ts";

export interface AnchorInput {
  /** This ledger alone; else all that are due. What is on its way is looked after for all ledgers either way. */
  ledgerId?: bigint;
  /** Look at every open ledger, due or not: a start finds out of a restored backup before anything is appended. */
  everyLedger?: boolean;
  /** Ledgers to leave alone this time. */
  isPaused?: (ledgerId: bigint) => boolean;
}

export interface AnchorReport {
  /** Prepared and sent now. */
  anchored: AnchorRecord[];
  settled: Settled[];
  waiting: { ledgerId: bigint; reason: string }[];
  failures: LedgerFailure[];
}

/**
 * Anchors the newest checkpoint of the ledgers that are due, and looks after the transactions on their way. It may run
 * in several processes at once: a nonce is reserved under a lock, and of two anchors of one ledger one is refused.
 *
 * Durable order, for each ledger:
 * 1. the contract's head is asked for; nothing is written. It says what has been anchored.
 * 2. `prepared`: the signed bytes are stored. A restart sends these very bytes, which is harmless.
 * 3. the node has them, then `sent`. A restart sends again, or finds the transaction by its hash.
 * 4. its receipt has our own log: `mined`, and `anchored_size` moves. A restart asks for the receipt again.
 * Step 5 is `finaliseDue`'s.
 *
 * A ledger that cannot be anchored does not stop the others: see `failures`. Errors: LedgerError `chain-unavailable`
 * where the node does not answer at all, `database-…`.
 */
export async function anchorDue(deps: AnchorDeps, input: AnchorInput = {}): Promise<AnchorReport> {
  try {
    return await anchorAll(deps, input);
  } catch (error) {
    if (error instanceof LedgerError && error.code === "chain-unavailable") {
      for (const ledgerId of await deps.log.dueToAnchor()) await deps.log.noteWaiting(ledgerId, describe(error));
    }
    throw error;
  }
}

async function anchorAll(deps: AnchorDeps, input: AnchorInput): Promise<AnchorReport> {
  if ((await dueLedgers(deps, input)).length === 0 && (await deps.log.anchorsOnTheWay()) === 0) {
    return { anchored: [], settled: [], waiting: [], failures: [] };
  }
  const identity = await deps.chain.identity();
  const sender = addressOf(deps.key).toLowerCase();
  const { settled, failures } = await settleAnchors(deps, identity);
  failures.push(...(await retireAnchors(deps, identity, sender)));
  failures.push(...(await replaceStuck(deps, identity, sender)), ...(await sendAnchors(deps, identity, sender)));
  const report: AnchorReport = { anchored: [], settled, waiting: [], failures };
  // Looked for again: what was settled just now may have made room for the next head.
  for (const ledger of await dueLedgers(deps, input)) {
    if (input.isPaused?.(ledger.ledgerId) === true) continue;
    try {
      await anchorLedger(deps, { ledger, identity, sender, lookAnyway: input.everyLedger === true }, report);
    } catch (error) {
      if (isUnavailable(error)) throw error;
      failures.push(await noteFailure(deps, ledger, error));
    }
  }
  return report;
}

async function dueLedgers(deps: AnchorDeps, input: AnchorInput): Promise<LedgerRecord[]> {
  const open = await deps.log.openLedgers();
  if (input.everyLedger === true) return open;
  const due = new Set(await deps.log.dueToAnchor());
  return open.filter(({ ledgerId }) => due.has(ledgerId) && (input.ledgerId ?? ledgerId) === ledgerId);
}

interface LedgerTurn {
  ledger: LedgerRecord;
  identity: ChainIdentity;
  sender: string;
  /** Ask the contract even where the policy waits whatever it says. */
  lookAnyway: boolean;
}

async function anchorLedger(deps: AnchorDeps, turn: LedgerTurn, report: AnchorReport): Promise<void> {
  const { ledgerId } = turn.ledger;
  const waits = await anchorOrWait(deps, turn, report);
  await deps.log.noteWaiting(ledgerId, waits ?? null);
  if (waits !== undefined) report.waiting.push({ ledgerId, reason: waits });
}

/** Why the ledger's anchor waits; undefined where it is sent, or there is nothing to anchor. */
async function anchorOrWait(deps: AnchorDeps, turn: LedgerTurn, report: AnchorReport): Promise<string | undefined> {
  const { ledger, identity, sender, lookAnyway } = turn;
  const { ledgerId } = ledger;
  const { chainId } = identity;
  const contract = await ownContract(deps.log, identity, ledgerId);
  if (!lookAnyway) {
    const facts = await deps.log.anchorFacts({ ledgerId, chainId, sender, fromSize: 0n });
    const reason = reasonToPause(deps.policyFor(chainId), facts);
    if (reason !== undefined) return reason;
  }
  const prepared = await prepareAnchor(deps, ledger, contract, report.failures);
  if (prepared.kind === "waiting") return prepared.reason;
  if (prepared.kind === "nothing") return undefined;
  report.anchored.push(prepared.anchor);
  return sendAnchor(deps, prepared.anchor);
}

async function noteFailure(deps: AnchorDeps, ledger: LedgerRecord, error: unknown): Promise<LedgerFailure> {
  const { ledgerId } = ledger;
  try {
    const news = await raiseAlarm(deps.log, ledgerId, error);
    await deps.log.noteWaiting(ledgerId, describe(error));
    return { ledgerId, error, news };
  } catch (failure) {
    return { ledgerId, error: failure, news: false };
  }
}

function describe(error: unknown): string {
  return error instanceof LedgerError ? error.message : "an unexpected error: see the workers' log";
}
