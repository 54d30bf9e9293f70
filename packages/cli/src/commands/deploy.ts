import { resolve } from "node:path";
import type { RegisterCommand } from "../frame/command-spec.ts";
import { type CommandContext, givenOrigin } from "../frame/context.ts";
import { findKey } from "../up/keep-keys.ts";

/** `deploy`: a contract, unless one is named, and a ledger opened in it. May be repeated: what is done is found done. */
export const registerDeploy: RegisterCommand = (program, run) => {
  program
    .command("deploy")
    .description(
      "deploy the contract, unless --contract names one; create a ledger and open it (default localhost/main)",
    )
    .action(
      run(async (context) => {
        const deployed = await deploy(context);
        await context.output.document(deployed, describeDeployed);
        return 0;
      }),
    );
};

interface Deployed {
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
 * 1. The contract stands. A restart before 2 would deploy another, so its address is said at once.
 * 2. The ledger is open in it: see `openLedger`. A restart finds it, and the contract by it.
 * 3. Its trust root is written. A restart writes it again.
 */
async function deploy(context: CommandContext): Promise<Deployed> {
  const { settings, output } = context;
  const { checkContract, deployContract, openOneLedger, recordedContract } = await import("../up/open-one-ledger.ts");
  const { DEFAULT_ORIGIN } = await import("../up/prepare-ledgers.ts");
  const { prepareFolder } = await import("../up/prepare-folder.ts");
  const { writeTrust } = await import("../up/write-trust.ts");
  const origin = givenOrigin(settings) ?? DEFAULT_ORIGIN;
  const dir = resolve(settings.dir);
  const keys = {
    seal: await findKey("seal", dir, settings.env),
    anchor: await findKey("anchor", dir, settings.env),
    owner: await findKey("owner", dir, settings.env),
  };
  await prepareFolder(dir);
  const opener = { pool: await context.pool(), chain: await context.chain(), keys };
  let contract =
    settings.options.contract ?? (await recordedContract(opener, origin)) ?? (await stackContract(context));
  if (contract === undefined) {
    contract = await deployContract(opener);
    output.note(`deploy: the contract stands at ${contract}`);
  } else {
    await checkContract(opener.chain, contract);
  }
  const { trust, anchorer } = await openOneLedger(opener, { origin, contract });
  const path = await writeTrust(dir, trust);
  const { chainId } = await opener.chain.identity();
  return {
    ledger: origin,
    contract,
    chainId: `${chainId}`,
    owner: trust.owner,
    anchorer,
    vkeys: trust.vkeys,
    trust: path,
  };
}

/** The contract of the stack that runs in DIR, where it is that stack's chain. */
async function stackContract({ settings }: CommandContext): Promise<string | undefined> {
  return settings.given("rpc") === undefined ? (await settings.stack())?.contract : undefined;
}

function describeDeployed({ ledger, contract, chainId, owner, anchorer, trust }: Deployed): string {
  return [
    `ledger      ${ledger}`,
    `contract    ${contract} on chain ${chainId}`,
    `owner       ${owner}`,
    `anchorer    ${anchorer}`,
    `trust root  ${trust}: give auditors a copy`,
  ].join("\n");
}
