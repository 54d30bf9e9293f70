import type { Finality } from "@eventchain/chain";
import type { Settings } from "./settings.ts";

/**
 * When a block counts as final, by FINALITY, which the workers read too: a number of confirmations, or `finalized`.
 * Undefined when it is not set: then it is the chain's own `finalized` tag.
 *
 * @throws LedgerError `config-invalid`
 */
export async function readFinalitySetting(settings: Settings): Promise<Finality | undefined> {
  const text = settings.env.FINALITY;
  if (text === undefined || text === "") return undefined;
  const { readFinality } = await import("@eventchain/workers");
  return readFinality(text);
}
