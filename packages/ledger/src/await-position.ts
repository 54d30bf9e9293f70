import { LedgerError, MAX_INT63 } from "@eventchain/core";
import type { LogStore } from "@eventchain/store";
import { describeAnchor, findFinalAnchor } from "./find-final-anchor.ts";
import type { FinalResult } from "./types.ts";
import type { WatermarkWatch } from "./watch-watermarks.ts";

/** How long `final()` and `awaitPosition` wait unless told otherwise. */
export const DEFAULT_FINAL_TIMEOUT_MS = 60_000;

export interface AwaitDeps {
  ledgerId: bigint;
  log: Pick<LogStore, "coveringAnchor" | "recentAnchors">;
  watch: WatermarkWatch;
}

/**
 * Resolves when a position, which may still be ahead, is final, with the anchor that covers it.
 * Errors: LedgerError `timeout`, `aborted`, `invalid-argument`, or what the database answers.
 */
export async function awaitPosition(
  { ledgerId, log, watch }: AwaitDeps,
  position: bigint,
  options: { timeoutMs?: number | undefined; signal?: AbortSignal | undefined } = {},
): Promise<FinalResult> {
  if (typeof position !== "bigint" || position < 1n || position > MAX_INT63)
    throw new LedgerError("invalid-argument", `position is ${String(position)}: give a bigint from 1`, {
      values: { position: String(position) },
    });
  const timeoutMs = checkTimeout(options.timeoutMs) ?? DEFAULT_FINAL_TIMEOUT_MS;
  await watch.until((watermarks) => (watermarks.finalSize >= position ? true : undefined), {
    timeoutMs,
    signal: options.signal,
    what: `position ${position} becoming final`,
    values: { position },
  });
  const anchor = await findFinalAnchor(log, ledgerId, position);
  if (anchor === undefined)
    throw new LedgerError("tampered", `position ${position} counts as final, but no final anchor covers it`, {
      values: { position },
    });
  return { state: "final", anchor: describeAnchor(anchor) };
}

/** A time-out in milliseconds: a number from 0, which may be Infinity. */
export function checkTimeout(timeoutMs: number | undefined): number | undefined {
  if (timeoutMs === undefined || (typeof timeoutMs === "number" && timeoutMs >= 0)) return timeoutMs;
  throw new LedgerError("invalid-argument", `timeout is ${String(timeoutMs)}: give milliseconds, from 0`, {
    values: { timeoutMs: String(timeoutMs) },
  });
}
