import {
  type AnchorWitness,
  type BundleCheck,
  type BundleCheckName,
  checkBundle,
  LedgerError,
  parseBundle,
  parseTrustRoot,
  type Report,
} from "@eventchain/core";
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
        const wrong = report.checks.some((check) => check.ok === false);
        const missing = wrong ? [] : whatIsMissing(report, { bundle, offline: options.offline === true, chain });
        const exitCode: ExitCode = wrong ? 1 : missing.length > 0 ? 2 : 0;
        // What could not be judged, or lacks a check that is needed, is not well.
        const shown: Report = { ...report, ok: exitCode === 0 };
        await context.output.document(shown, describeReport);
        for (const line of missing) context.output.note(`eventchain: ${line}`);
        return exitCode;
      }),
    );
};

/**
 * What keeps a bundle in which nothing is wrong from being called good, each with what to do about it: it cannot be judged,
 * no key says whose signature it is, or the chain has not answered, which is needed unless `--offline`.
 */
function whatIsMissing(
  report: Report,
  asked: { bundle: string; offline: boolean; chain: AnchorWitness | undefined },
): string[] {
  const unknown = unjudged(report);
  if (unknown !== undefined) return [`${showText(reasonOf(unknown))}: check it with a newer release`];
  const open = (name: BundleCheckName): BundleCheck | undefined =>
    report.checks.find((check) => check.name === name && check.ok === null);
  const missing: string[] = [];
  const signature = open("checkpoint-signature");
  if (signature !== undefined) {
    missing.push(`the signature was not checked (${showText(signature.detail)}): give --trust FILE or --vkey KEY`);
  }
  const onChain = open("anchor-on-chain");
  if (onChain !== undefined && !asked.offline) missing.push(whyNotOnChain(onChain, asked));
  return missing;
}

function whyNotOnChain({ detail }: BundleCheck, { bundle, chain }: { bundle: string; chain: unknown }): string {
  if (parseBundle(bundle).anchor === null) {
    return "the event is sealed but was not anchored yet when the bundle was made: make another later, or give --offline";
  }
  return chain === undefined
    ? "the chain was not checked: give --rpc URL or RPC_URL, or leave it out by --offline"
    : `the chain was not checked (${showText(detail)}): try again later or with another node, or leave it out by --offline`;
}

/** The check that this version cannot make, for it does not know the format, the event's type or a key of its header. */
function unjudged({ checks }: Report): BundleCheck | undefined {
  return checks.find(({ name, ok }) => ok === null && ["format", "canonical", "origin"].includes(name));
}

function reasonOf({ detail }: BundleCheck): string {
  return detail.replace(/^cannot judge: /, "");
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
  const unknown = unjudged(report);
  if (unknown !== undefined || event === null)
    return `Not judged: ${showText(unknown === undefined ? "no event was read" : reasonOf(unknown))}.`;
  const what = `event ${event.position} (${showText(event.type)} of ${showText(event.stream)})`;
  const isMade = (name: BundleCheckName): boolean => checks.some((check) => check.name === name && check.ok === true);
  if (!isMade("checkpoint-signature"))
    return `Consistent: ${what}. Not proved: no key says whose signature it is; give --trust FILE or --vkey KEY.`;
  if (!isMade("anchor-consistency"))
    return `Signed: ${what}. It was sealed, not anchored yet, when the bundle was made.`;
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
