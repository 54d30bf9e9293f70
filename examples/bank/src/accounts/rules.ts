import type { StateOf } from "@eventchain/ledger";
import type { account } from "./models.ts";

type Account = StateOf<typeof account>;

/** Sentences that several commands share: one code means one thing everywhere. */
export const RULES = {
  "account-not-open": "The account was never opened, or is closed.",
  "below-limit": "The account's balance would go below its limit.",
  "too-much-money": "The account's balance would be past 2^53 − 1, the greatest whole number that JSON carries.",
  "not-the-owner": "Only the account's owner, or a teller, may do this.",
} as const;

/** Why a change of balance may not be made; undefined where it may. */
export function whyNot(
  state: Account,
  change: number,
): "account-not-open" | "below-limit" | "too-much-money" | undefined {
  if (state.status !== "open") return "account-not-open";
  const balance = state.balance + change;
  if (!Number.isSafeInteger(balance)) return "too-much-money";
  // Money that comes in is welcome below the limit too.
  return change < 0 && balance < state.limit ? "below-limit" : undefined;
}

/** Whether somebody may take money from an account. */
export function mayTakeFrom(state: Account, actor: { id: string; roles: readonly string[] }): boolean {
  return actor.roles.includes("teller") || (state.status === "open" && state.owner === actor.id);
}
