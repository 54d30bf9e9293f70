import type { Watermarks } from "@eventchain/store";
import { type Pace, type Watch, watchValue } from "./watch-value.ts";

/** The pause between two reads is the shorter one after a change, and grows to the longer one while nothing changes. */
const MIN_POLL_DELAY_MS = 20;
export const MAX_POLL_DELAY_MS = 500;

const PACE: Pace = {
  minDelayMs: MIN_POLL_DELAY_MS,
  delayMs: (quietMs) => Math.min(MIN_POLL_DELAY_MS + quietMs / 2, MAX_POLL_DELAY_MS),
};

/** One reader of a ledger's watermarks, shared by all that wait for them. */
export type WatermarkWatch = Watch<Watermarks>;

export function watchWatermarks(read: () => Promise<Watermarks>): WatermarkWatch {
  return watchValue(read, isSame, PACE);
}

function isSame(a: Watermarks, b: Watermarks): boolean {
  return a.sealedSize === b.sealedSize && a.anchoredSize === b.anchoredSize && a.finalSize === b.finalSize;
}
