import type { RegisterCommand } from "../frame/command-spec.ts";
import type { Deployed } from "../up/deploy-ledger.ts";

/** `deploy`: a contract, unless one is named, and a ledger opened in it. May be repeated: what is done is found done. */
export const registerDeploy: RegisterCommand = (program, run) => {
  program
    .command("deploy")
    .description(
      "deploy the contract, unless --contract names one; create a ledger and open it (default localhost/main)",
    )
    .action(
      run(async (context) => {
        const { deployLedger } = await import("../up/deploy-ledger.ts");
        const deployed = await deployLedger(context);
        await context.output.document(deployed, describeDeployed);
        return 0;
      }),
    );
};

function describeDeployed({ ledger, contract, chainId, owner, anchorer, trust }: Deployed): string {
  return [
    `ledger      ${ledger}`,
    `contract    ${contract} on chain ${chainId}`,
    `owner       ${owner}`,
    `anchorer    ${anchorer}`,
    `trust root  ${trust}: give auditors a copy`,
  ].join("\n");
}
