import type { Ledger } from "@eventchain/ledger";

export interface StageTimes {
  readonly sealedMs: number;
  readonly anchoredMs: number;
  readonly finalMs: number;
}

const POLL_MS = 50;

/** Watches a ledger's watermarks from now on; `reached(size, timeout)` tells when each of them got to `size`. */
export function watchStages(ledger: Ledger): { reached(size: bigint, timeoutMs: number): Promise<StageTimes> } {
  const startedMs = performance.now();
  return {
    async reached(size, timeoutMs) {
      const deadlineMs = performance.now() + timeoutMs;
      const at: { sealed?: number; anchored?: number; final?: number } = {};
      while (at.final === undefined) {
        const status = await ledger.status();
        const nowMs = performance.now();
        for (const stage of ["sealed", "anchored", "final"] as const) {
          if (at[stage] === undefined && BigInt(status[stage]) >= size) at[stage] = nowMs - startedMs;
        }
        if (nowMs > deadlineMs)
          throw new Error(`not final after ${timeoutMs / 1000} s: ${JSON.stringify(status.alarms)}`);
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      }
      return { sealedMs: at.sealed ?? at.final, anchoredMs: at.anchored ?? at.final, finalMs: at.final };
    },
  };
}
