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
  readonly keys: OpenerKeys;
}

export interface OpenerKeys {
  readonly sealSeed: Uint8Array;
  readonly ownerKey: string;
  /** For messages. */
  readonly ownerFile: string;
  /** The anchoring key's address. */
  readonly anchorer: string;
}

/** Reads all three, before anything is made with one of them. Errors: LedgerError `config-invalid`, `bad-key`. */
export async function readKeys(files: KeyFiles): Promise<OpenerKeys> {
  return {
    sealSeed: await readSealSeed(files.seal),
    ownerKey: await readChainKey(files.owner),
    ownerFile: files.owner,
    anchorer: addressOf(await readChainKey(files.anchor)),
  };
}

/** Creates a ledger and opens it in the contract; one that is open already is given back. May be repeated after any failure. */
export async function openOneLedger(
  { pool, chain, keys }: Opener,
  { origin, contract }: { origin: string; contract: string },
): Promise<TrustRoot> {
  const { sealSeed, ownerKey, anchorer } = keys;
  const store = openPostgresStore({ pool });
  const log = openPostgresLog(pool);
  const input = { store, log, chain, contract, origin, sealSeed, ownerKey, anchorerAddress: anchorer };
  const { trust } = await withFunds(keys, () => openLedger(input));
  return parseTrustRoot(trust);
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
  return (await withFunds(keys, () => deployRegistry(chain, keys.ownerKey))).address;
}

/** @throws LedgerError `chain-mismatch` when no registry stands at the address on this chain. */
export async function checkContract(chain: Chain, contract: string): Promise<void> {
  await chain.registry(contract).head(NO_LEDGER);
}

async function withFunds<T>({ ownerKey, ownerFile }: OpenerKeys, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof LedgerError) || error.code !== "chain-reverted" || !/fund|balance/i.test(error.message)) {
      throw error;
    }
    const address = addressOf(ownerKey);
    const message = `${address} (the key in ${ownerFile}) cannot pay for the transaction: send it some of the chain's currency, and try again`;
    throw new LedgerError("chain-reverted", message, { values: { address }, cause: error });
  }
}
