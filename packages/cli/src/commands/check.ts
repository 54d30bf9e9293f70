import { type AnchorWitness, checkBundle, LedgerError, parseTrustRoot, type Report } from "@eventchain/core";
import { collect } from "../frame/arguments.ts";
import type { ExitCode, RegisterCommand } from "../frame/command-spec.ts";
import type { CommandContext } from "../frame/context.ts";
import { openChain } from "../frame/open-chain.ts";
import { readFinalitySetting } from "../frame/read-finality-setting.ts";
import { readInputFile } from "../frame/read-input-file.ts";
import { showText } from "../jsonl/show-text.ts";

interface CheckArguments {
  readonly trust?: string;
  readonly vkey?: readonly string[];
  readonly offline?: boolean;
}

/** `check`: one proof bundle, against a trust root and a chain. No database, and nothing of DIR: both are the other side's. */
export const registerCheck: RegisterCommand = (program, run) => {
  program
    .command("check")
    .description("check a proof bundle, with no database")
    .argument("<bundle>", "the file that `prove` wrote")
    .option("--trust <file>", "the trust root: whose keys, chain and contract to believe")
    .option("--vkey <key>", "a verifier key to believe; may be given several times", collect)
    .option("--offline", "leave the chain out")
    .action(
      run(async (context, file: string, options: CheckArguments) => {
        const trust =
          options.trust === undefined
            ? undefined
            : parseTrustRoot(await readInputFile(options.trust, "the trust root"));
        const bundle = await readInputFile(file, "the bundle");
        const chain = options.offline === true ? undefined : await findWitness(context);
        const finality = await readFinalitySetting(context.settings);
        const report = await checkBundle(bundle, {
          vkeys: options.vkey ?? [],
          confirmations: finality?.kind === "confirmations" ? finality.count : "finalized",
          ...(trust === undefined ? {} : { trust }),
          ...(chain === undefined ? {} : { chain }),
        });
        await context.output.document(report, describeReport);
        const missing = missingChecks(report, options);
        for (const line of missing) context.output.note(`eventchain: ${line}`);
        return exitCodeOf(report, missing);
      }),
    );
};

/**
 * The checks that were asked for and could not be made, each with what to do about it. The chain is asked for unless
 * `--offline`; the signature, once a key was given.
 */
function missingChecks(report: Report, asked: CheckArguments): string[] {
  return report.checks.flatMap(({ name, ok, detail }) => {
    if (ok !== null) return [];
    if (name === "anchor-on-chain" && asked.offline !== true) {
      return [
        `the chain was not checked (${showText(detail)}): give --rpc URL or RPC_URL, or leave it out by --offline`,
      ];
    }
    if (name === "checkpoint-signature" && report.trust !== "none") {
      return [`the signature was not checked (${showText(detail)})`];
    }
    return [];
  });
}

/** 1 when a check fails; 2 when the bundle cannot be judged, or one that was asked for could not be made; else 0. */
function exitCodeOf(report: Report, missing: readonly string[]): ExitCode {
  if (report.checks.some((check) => check.ok === false)) return 1;
  return report.ok && missing.length === 0 ? 0 : 2;
}

/** The report in words: a line for each check, then the conclusion. Text of the bundle cannot control the terminal. */
function describeReport(report: Report): string {
  const mark = { true: "ok   ", false: "WRONG", null: "  -  " } as const;
  const lines = report.checks.map(({ name, ok, detail }) => `${mark[`${ok}`]}  ${name.padEnd(21)} ${showText(detail)}`);
  return [...lines, "", conclude(report)].join("\n");
}

function conclude(report: Report): string {
  const { event, checks } = report;
  const failed = checks.find((check) => check.ok === false);
  if (failed !== undefined) return `Not proved: the check "${failed.name}" fails.`;
  if (!report.ok || event === null) return "Not judged: this version does not know the bundle's format.";
  const what = `event ${event.position} (${showText(event.type)} of ${showText(event.stream)})`;
  const isMade = (name: string): boolean => checks.some((check) => check.name === name && check.ok === true);
  if (report.trust === "none")
    return `Consistent: ${what}. Not proved: no trust root or key says whose signature it is.`;
  if (!isMade("anchor-consistency")) return `Signed: ${what}. It was sealed, not final, when the bundle was made.`;
  if (!isMade("anchor-on-chain")) return `Signed: ${what}. Not checked: whether its anchor stands on the chain.`;
  if (!isMade("trust-root"))
    return `Signed and anchored: ${what}. Not known: whose contract that is, without a trust root.`;
  return `Proved: ${what} is in the ledger, and its anchor stands on the chain.`;
}

/** The chain of `--rpc` or RPC_URL. One that cannot be reached answers nothing, and the other checks are made all the same. */
async function findWitness(context: CommandContext): Promise<AnchorWitness | undefined> {
  const url = context.settings.given("rpc");
  if (url === undefined) return undefined;
  try {
    const chain = await openChain(url);
    context.onClose(async () => chain.close());
    return chain;
  } catch (error) {
    if (!(error instanceof LedgerError) || error.code !== "chain-unavailable") throw error;
    const fail = (): Promise<never> => Promise.reject(error);
    return { identity: fail, anchored: fail, head: fail };
  }
}
