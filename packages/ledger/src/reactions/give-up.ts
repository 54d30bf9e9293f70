import { LedgerError } from "@eventchain/core";
import type { GiveUp } from "./types.ts";

/** What a run throws where no retry will help: `throw giveUp("the address does not exist")`. */
export const giveUp: GiveUp = (reason) => {
  if (typeof reason !== "string" || reason === "")
    throw new LedgerError("invalid-argument", "giveUp takes a reason: a text of at least one character");
  return new LedgerError("reaction-failed", reason, { retryable: false });
};

/** Whether a run has said that no retry will help. */
export function isGivenUp(error: unknown): boolean {
  return error instanceof LedgerError && error.code === "reaction-failed" && !error.retryable;
}
