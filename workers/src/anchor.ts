import { addressOf } from "@eventchain/chain";
import { LedgerError } from "@eventchain/core";
import type { AnchorRecord, LedgerRecord } from "@eventchain/store";
import { raiseAlarm } from "./alarm-error.ts";
import { type ChainIdentity, ownContract } from "./anchor/check-chain.ts";
import type { AnchorDeps, LedgerFailure } from "./anchor/deps.ts";
import { prepareAnchor } from "./anchor/prepare-anchor.ts";
import { replaceStuck } from "./anchor/replace-stuck.ts";
import { sendAnchor, sendAnchors } from "./anchor/send-anchors.ts";
import { type Settled, settleAnchors } from "./anchor/settle-anchors.ts";

export interface AnchorInput {
  /** This ledger alone; else all that are due. What is on its way is looked after for all ledgers either way. */
  ledgerId?: bigint;
  /** Look at every open ledger, due or not: a start finds out of a restored backup before anything is appended. */
  everyLedger?: boolean;
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
  const report: AnchorReport = { anchored: [], settled: [], waiting: [], failures: [] };
  const identity = await identify(deps);
  const { settled, failures } = await settleAnchors(deps, identity);
  report.settled.push(...settled);
  const sender = addressOf(deps.key).toLowerCase();
  const replacing = await replaceStuck(deps, identity, sender);
  report.failures.push(...failures, ...replacing, ...(await sendAnchors(deps, identity, sender)));
  for (const ledger of await dueLedgers(deps, input)) {
    try {
      await anchorLedger(deps, ledger, identity, report);
    } catch (error) {
      report.failures.push(await noteFailure(deps, ledger, error));
    }
  }
  return report;
}

/** The chain's identity; where the node does not answer, every ledger that is due says so as it waits. */
async function identify(deps: AnchorDeps): Promise<ChainIdentity> {
  try {
    return await deps.chain.identity();
  } catch (error) {
    for (const ledgerId of await deps.log.dueToAnchor()) await deps.log.noteWaiting(ledgerId, describe(error));
    throw error;
  }
}

async function dueLedgers(deps: AnchorDeps, input: AnchorInput): Promise<LedgerRecord[]> {
  const open = await deps.log.openLedgers();
  if (input.everyLedger === true) return open;
  const due = new Set(await deps.log.dueToAnchor());
  return open.filter(({ ledgerId }) => due.has(ledgerId) && (input.ledgerId ?? ledgerId) === ledgerId);
}

async function anchorLedger(
  deps: AnchorDeps,
  ledger: LedgerRecord,
  identity: ChainIdentity,
  report: AnchorReport,
): Promise<void> {
  const { ledgerId } = ledger;
  const contract = await ownContract(deps.log, identity, ledgerId);
  const prepared = await prepareAnchor(deps, ledger, contract);
  const reason = prepared.kind === "prepared" ? await sendAnchor(deps, prepared.anchor) : undefined;
  if (prepared.kind === "prepared") report.anchored.push(prepared.anchor);
  const waits = prepared.kind === "waiting" ? prepared.reason : reason;
  await deps.log.noteWaiting(ledgerId, waits ?? null);
  if (waits !== undefined) report.waiting.push({ ledgerId, reason: waits });
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
