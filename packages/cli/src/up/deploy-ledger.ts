import { resolve } from "node:path";
import { type CommandContext, givenContract, givenOrigin } from "../frame/context.ts";
import { addLedger } from "./deployment-file.ts";
import { findKey } from "./keep-keys.ts";
import { checkContract, deployContract, openOneLedger, readKeys, recordedContract } from "./open-one-ledger.ts";
import { prepareFolder } from "./prepare-folder.ts";
import { DEFAULT_ORIGIN } from "./prepare-ledgers.ts";
import { writeTrust } from "./write-trust.ts";

export interface Deployed {
  readonly ledger: string;
  readonly contract: string;
  readonly chainId: string;
  readonly owner: string;
  readonly anchorer: string;
  readonly vkeys: readonly string[];
  /** The trust root's file. */
  readonly trust: string;
}

/**
 * Deploys the contract, unless one is named or known, and opens a ledger in it.
 *
 * 1. The contract stands. A restart before 2 would deploy another, so its address is said at once.
 * 2. The ledger is open in it: see `openLedger`. A restart finds it, and the contract by it.
 * 3. Its trust root is written. A restart writes it again.
 * 4. The folder of an `up` counts it among its ledgers. A restart adds what is missing.
 */
export async function deployLedger(context: CommandContext): Promise<Deployed> {
  const { settings, output } = context;
  const origin = givenOrigin(settings) ?? DEFAULT_ORIGIN;
  const named = givenContract(settings);
  const dir = resolve(settings.dir);
  const keys = await readKeys({
    seal: await findKey("seal", dir, settings.env),
    anchor: await findKey("anchor", dir, settings.env),
    owner: await findKey("owner", dir, settings.env),
  });
  await prepareFolder(dir);
  const opener = { pool: await context.pool(), chain: await context.chain(), keys };
  let contract = named ?? (await recordedContract(opener, origin)) ?? (await stackContract(context));
  if (contract === undefined) {
    contract = await deployContract(opener);
    output.note(`deploy: the contract stands at ${contract}`);
  } else {
    await checkContract(opener.chain, contract);
  }
  const trust = await openOneLedger(opener, { origin, contract });
  const path = await writeTrust(dir, trust);
  await addLedger(dir, { origin, contract });
  const { chainId } = await opener.chain.identity();
  return {
    ledger: origin,
    contract,
    chainId: `${chainId}`,
    owner: trust.owner,
    anchorer: keys.anchorer,
    vkeys: trust.vkeys,
    trust: path,
  };
}

/** The contract of the stack that runs in DIR, where it is that stack's chain. */
async function stackContract({ settings }: CommandContext): Promise<string | undefined> {
  return settings.given("rpc") === undefined ? (await settings.stack())?.contract : undefined;
}
