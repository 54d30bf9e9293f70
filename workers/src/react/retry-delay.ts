import { LedgerError } from "@eventchain/core";
import type { AnyReaction } from "@eventchain/ledger";

/** How far a pause is spread: it is between 3/4 and 5/4 of what the policy says. */
const SPREAD = 0.25;

/**
 * How long to wait after a run that failed, in whole milliseconds.
 * @param attempt of the run that failed, from 1.
 * @param random 0 up to 1, 1 excluded: those that failed together do not come again together.
 */
export function retryDelayMs(
  { firstMs, factor, maxMs }: AnyReaction["retry"],
  attempt: number,
  random: number,
): number {
  // A power that is no number any more would make none of a first pause of 0.
  const times = Math.min(factor ** (attempt - 1), Number.MAX_VALUE);
  const delayMs = Math.min(firstMs * times, maxMs);
  return Math.round(delayMs * (1 + SPREAD * (2 * random - 1)));
}

/** How long what failed asks to be left alone, in milliseconds: a LedgerError's value `retryAfterMs`, `maxMs` at most; else 0. */
export function askedDelayMs({ maxMs }: Pick<AnyReaction["retry"], "maxMs">, error: unknown): number {
  const asked = error instanceof LedgerError ? error.values.retryAfterMs : undefined;
  return typeof asked === "number" && asked > 0 ? Math.min(Math.ceil(asked), maxMs) : 0;
}
