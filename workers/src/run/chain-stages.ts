import type { AnchorDeps, LedgerFailure } from "../anchor/deps.ts";
import { anchorDue } from "../anchor.ts";
import type { FinaliseDeps } from "../finalise/check-mined.ts";
import { finaliseDue } from "../finalise.ts";
import type { Logger, Troubles } from "./logger.ts";
import type { Pauses } from "./pauses.ts";
import type { Request } from "./take-turns.ts";

/** How often the newest final block of each ledger is looked at again. */
const RECHECK_FINAL_MS = 30_000;

interface StageInput {
  logger: Logger;
  troubles: Troubles;
  nowMs: () => number;
  /** Told of each ledger that may have work for the other stage now. */
  onProgress(ledgerId: bigint): void;
}

function noteFailures(input: StageInput, stage: string, failures: readonly LedgerFailure[]): void {
  for (const { ledgerId, error, news } of failures) {
    input.troubles.note(`${stage} ${ledgerId}`, news ? "alarm" : `${stage}-failed`, error, { ledgerId });
  }
}

/** The anchor stage of one process. Its first run looks at every ledger: a restored backup is found out at the start. */
export function anchorStage(
  input: StageInput & { deps: AnchorDeps; pauses: Pauses },
): (request: Request) => Promise<void> {
  const { deps, pauses, logger, troubles } = input;
  let isFirst = true;
  return async (request) => {
    const [only] = request !== "all" && request.size === 1 ? request : [];
    const report = await anchorDue(deps, {
      ...(only === undefined || isFirst ? {} : { ledgerId: only }),
      everyLedger: isFirst,
      isPaused: (ledgerId) => pauses.has(ledgerId),
    });
    isFirst = false;
    for (const { ledgerId, size, nonce, txHash, fromSize } of report.anchored) {
      logger("info", "anchor-sent", { ledgerId, fromSize, size, nonce, txHash });
      pauses.end(ledgerId);
      troubles.over(`anchor ${ledgerId}`, "anchor-recovered", { ledgerId });
      input.onProgress(ledgerId);
    }
    for (const { anchor, state } of report.settled) if (state === "mined") input.onProgress(anchor.ledgerId);
    for (const { ledgerId } of report.failures) pauses.add(ledgerId);
    noteFailures(input, "anchor", report.failures);
  };
}

export interface FinaliseStageInput extends StageInput {
  deps: FinaliseDeps;
  /** Called when the chain should be asked again, so many milliseconds from now. */
  again(afterMs: number): void;
}

/**
 * The finalise stage of one process. While something is on its way it asks the chain every `pollMs` of the policy, no
 * more often, whatever the hints; while nothing is, it asks only for what was final.
 */
export function finaliseStage(input: FinaliseStageInput): (request: Request) => Promise<void> {
  const { deps, logger, nowMs } = input;
  let nextMs = 0;
  let nextRecheckMs = 0;
  return async () => {
    if (nowMs() < nextMs) {
      input.again(nextMs - nowMs());
      return;
    }
    const recheckFinal = nowMs() >= nextRecheckMs;
    const report = await finaliseDue(deps, { recheckFinal });
    if (recheckFinal) nextRecheckMs = nowMs() + RECHECK_FINAL_MS;
    nextMs = nowMs() + report.pollMs;
    for (const { anchor, state, error } of report.settled) {
      logger(state === "mined" ? "info" : "warn", `anchor-${state}`, {
        ledgerId: anchor.ledgerId,
        size: anchor.size,
        txHash: anchor.txHash,
        ...(error === undefined ? {} : { error }),
      });
      input.onProgress(anchor.ledgerId);
    }
    for (const { anchor, depth } of report.checked) {
      if (depth === "not-yet") continue;
      logger(depth === "final" ? "info" : "warn", depth === "final" ? "final" : `anchor-${depth}`, {
        ledgerId: anchor.ledgerId,
        size: anchor.size,
        txHash: anchor.txHash,
      });
    }
    noteFailures(input, "finalise", report.failures);
    if (report.onTheWay > 0) input.again(report.pollMs);
  };
}
