import { addressOf, type Chain, deployRegistry } from "@eventchain/chain";
import { LedgerError, parseTrustRoot, type TrustRoot } from "@eventchain/core";
import { openPostgresLog, openPostgresStore, type PostgresStore } from "@eventchain/store";
import { openLedger, readChainKey, readSealSeed } from "@eventchain/workers";
import type { KeyFiles } from "./keep-keys.ts";

/** Any id: `head` of it tells whether a registry stands at an address. */
const NO_LEDGER = `0x${"0".repeat(64)}`;

/** What ledgers are opened with. */
export interface Opener {
  readonly pool: PostgresStore["pool"];
  readonly chain: Chain;
  readonly keys: KeyFiles;
}

/** Creates a ledger and opens it in the contract; one that is open already is given back. May be repeated after any failure. */
export async function openOneLedger(
  { pool, chain, keys }: Opener,
  { origin, contract }: { origin: string; contract: string },
): Promise<{ trust: TrustRoot; anchorer: string }> {
  const anchorer = addressOf(await readChainKey(keys.anchor));
  const ownerKey = await readChainKey(keys.owner);
  const { trust } = await withFunds(keys.owner, ownerKey, async () =>
    openLedger({
      store: openPostgresStore({ pool }),
      log: openPostgresLog(pool),
      chain,
      contract,
      origin,
      sealSeed: await readSealSeed(keys.seal),
      ownerKey,
      anchorerAddress: anchorer,
    }),
  );
  return { trust: parseTrustRoot(trust), anchorer };
}

/** Where a ledger is anchored on this chain already; undefined when it is nowhere yet. */
export async function recordedContract({ pool, chain }: Opener, origin: string): Promise<string | undefined> {
  const ledger = await openPostgresStore({ pool }).findLedger(origin);
  if (ledger === undefined) return undefined;
  const recorded = await openPostgresLog(pool).contracts(ledger.ledgerId);
  if (recorded === undefined) return undefined;
  const { chainId, genesisHash } = await chain.identity();
  return recorded.chainId === chainId && recorded.genesisHash === genesisHash ? recorded.contract : undefined;
}

/** Deploys the contract, paid by the owner. */
export async function deployContract({ chain, keys }: Opener): Promise<string> {
  const ownerKey = await readChainKey(keys.owner);
  return (await withFunds(keys.owner, ownerKey, () => deployRegistry(chain, ownerKey))).address;
}

/** @throws LedgerError `chain-mismatch` when no registry stands at the address on this chain. */
export async function checkContract(chain: Chain, contract: string): Promise<void> {
  await chain.registry(contract).head(NO_LEDGER);
}

async function withFunds<T>(file: string, key: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof LedgerError) || error.code !== "chain-reverted" || !/fund|balance/i.test(error.message)) {
      throw error;
    }
    const address = addressOf(key);
    const message = `${address} (the key in ${file}) cannot pay for the transaction: send it some of the chain's currency, and try again`;
    throw new LedgerError("chain-reverted", message, { values: { address }, cause: error });
  }
}
