import { type Chain, isSilent } from "@eventchain/chain";
import { LedgerError } from "@eventchain/core";
import type { LogStore } from "@eventchain/store";
import type { AnchorPolicy } from "./policy.ts";

/** What following transactions takes: no key. */
export interface ChainDeps {
  log: LogStore;
  chain: Chain;
  /** The policy on a chain. */
  policyFor(chainId: bigint): AnchorPolicy;
}

/** What signing takes. */
export interface AnchorDeps extends ChainDeps {
  /** The anchorer's private key: 0x and 64 hex digits. */
  key: string;
}

/** What went wrong with one ledger; the others went on. `news`: an alarm that was not standing before. */
export interface LedgerFailure {
  ledgerId: bigint;
  error: unknown;
  news: boolean;
}

/** Whether a server does not answer: what follows would only wait for it too. What a node refuses is one ledger's trouble. */
export function isUnavailable(error: unknown): boolean {
  return isSilent(error) || (error instanceof LedgerError && error.code === "database-unavailable");
}
