import { connectChain } from "@eventchain/chain";
import { LedgerError } from "@eventchain/core";
import type { Stack } from "@eventchain/devstack";
import { migrate, openPostgresStore } from "@eventchain/store";
import { type Deployment, readDeployment, writeDeployment } from "./deployment-file.ts";
import type { KeyFiles } from "./keep-keys.ts";
import {
  checkContract,
  deployContract,
  type Opener,
  openOneLedger,
  readKeys,
  recordedContract,
} from "./open-one-ledger.ts";
import { writeTrust } from "./write-trust.ts";

/** The ledger of a folder that has none, when none is named. */
export const DEFAULT_ORIGIN = "localhost/main";

/** Pause between two looks for a block, ms: the local chain makes one each 500 ms. */
const POLL_MS = 50;

export interface PrepareInput {
  readonly dir: string;
  readonly stack: Pick<Stack, "databaseUrl" | "rpcUrl">;
  readonly keys: KeyFiles;
  readonly ledgers: readonly string[];
  /** By option, 0x and lower case: one that stands on the chain already. */
  readonly contract: string | undefined;
  readonly log: (message: string) => void;
}

export interface Prepared {
  readonly contract: string;
  readonly ledgers: string[];
  readonly trustPaths: string[];
}

/**
 * Makes a stack's ledgers ready to be written.
 *
 * 1. Tables. A restart finds them.
 * 2. The contract. A restart before 3 deploys another; the first is simply not used.
 * 3. `deployment.json` names it. From now on a restart takes this one.
 * 4. Each ledger is open, and its trust root written: `openLedger` finds what was done, the file is written again.
 * 5. `deployment.json` names the ledgers, which a start without `--ledger` opens.
 *
 * @throws LedgerError `chain-mismatch` or `bad-key`, naming `--fresh`, when data, keys and chain do not belong together
 */
export async function prepareLedgers(input: PrepareInput): Promise<Prepared> {
  const { dir, stack } = input;
  const keys = await readKeys(input.keys);
  await migrate(stack.databaseUrl);
  const store = openPostgresStore({ connectionString: stack.databaseUrl });
  const chain = connectChain({ rpcUrl: stack.rpcUrl, pollMs: POLL_MS });
  try {
    return await openAll({ pool: store.pool, chain, keys }, input);
  } catch (error) {
    if (!(error instanceof LedgerError) || (error.code !== "chain-mismatch" && error.code !== "bad-key")) throw error;
    const message = `${error.message}: what ${dir} holds does not belong to this chain and these keys; \`eventchain up --fresh\` starts anew`;
    throw new LedgerError(error.code, message, { values: error.values, cause: error });
  } finally {
    chain.close();
    await store.close();
  }
}

async function openAll(opener: Opener, { dir, ledgers, contract: given, log }: PrepareInput): Promise<Prepared> {
  const { chainId, genesisHash } = await opener.chain.identity();
  const kept = await readDeployment(dir);
  if (kept !== undefined && (kept.chainId !== `${chainId}` || kept.genesisHash !== genesisHash)) {
    throw new LedgerError("chain-mismatch", `the chain is another one than at the last start (${kept.genesisHash})`);
  }
  const asked = [...new Set([...(kept?.ledgers ?? []), ...ledgers])];
  const origins = asked.length === 0 ? [DEFAULT_ORIGIN] : asked;
  let contract = given ?? kept?.contract ?? (await firstRecorded(opener, origins));
  if (contract === undefined) {
    contract = await deployContract(opener);
    log(`deployed the contract at ${contract}`);
  } else {
    await checkContract(opener.chain, contract);
  }
  const deployment: Deployment = { chainId: `${chainId}`, genesisHash, contract, ledgers: kept?.ledgers ?? [] };
  await writeDeployment(dir, deployment);
  const trustPaths: string[] = [];
  for (const origin of origins) {
    const trust = await openOneLedger(opener, { origin, contract });
    trustPaths.push(await writeTrust(dir, trust));
  }
  await writeDeployment(dir, { ...deployment, ledgers: origins });
  return { contract, ledgers: origins, trustPaths };
}

/** The contract of a database that was used before, with the environment's keys and another DIR. */
async function firstRecorded(opener: Opener, origins: readonly string[]): Promise<string | undefined> {
  for (const origin of origins) {
    const contract = await recordedContract(opener, origin);
    if (contract !== undefined) return contract;
  }
  return undefined;
}
