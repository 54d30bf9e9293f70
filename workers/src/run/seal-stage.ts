import type { LogStore } from "@eventchain/store";
import { type SealDeps, sealBatch } from "../seal.ts";
import type { Logger, Troubles } from "./logger.ts";
import type { Pauses } from "./pauses.ts";
import type { Request } from "./take-turns.ts";

/** Ledgers that one process seals at the same time. */
const CONCURRENCY = 2;

export interface SealStageInput {
  deps: SealDeps & { log: LogStore };
  logger: Logger;
  troubles: Troubles;
  pauses: Pauses;
  /** Told of each ledger that was sealed. */
  onSealed(ledgerId: bigint): void;
  /** Told of each ledger that has events for another batch: it should have its turn after those that wait already. */
  onMore(ledgerId: bigint): void;
  /** True once the workers stop: the batch at hand is the last. */
  isStopping(): boolean;
}

/** One batch: a ledger with a backlog must not keep the others waiting until all of it is sealed. */
async function sealLedger(input: SealStageInput, ledgerId: bigint): Promise<void> {
  const { deps, logger, troubles, pauses } = input;
  if (pauses.has(ledgerId) || input.isStopping()) return;
  try {
    const result = await sealBatch(deps, { ledgerId });
    pauses.end(ledgerId);
    troubles.over(`seal ${ledgerId}`, "seal-recovered", { ledgerId });
    if (result.kind !== "sealed") return;
    logger("info", "sealed", { ledgerId, fromSize: result.fromSize, size: result.size });
    input.onSealed(ledgerId);
    if (result.more) input.onMore(ledgerId);
  } catch (error) {
    pauses.add(ledgerId);
    troubles.note(`seal ${ledgerId}`, "seal-failed", error, { ledgerId });
  }
}

/**
 * The seal stage of one process. Its first run looks at every ledger, due or not: a guard that contradicts the database
 * is found out before anything is appended. One ledger's trouble is not thrown. A run seals one batch of each ledger.
 */
export function sealStage(input: SealStageInput): (request: Request) => Promise<void> {
  let isFirst = true;
  return async (request) => {
    const { log } = input.deps;
    const ids = isFirst ? (await log.openLedgers()).map(({ ledgerId }) => ledgerId) : await dueOf(log, request);
    isFirst = false;
    const lane = async (): Promise<void> => {
      for (let id = ids.shift(); id !== undefined; id = ids.shift()) await sealLedger(input, id);
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, lane));
  };
}

async function dueOf(log: LogStore, request: Request): Promise<bigint[]> {
  return request === "all" ? log.dueToSeal() : [...request];
}
