import { LedgerError, parseTrustRoot } from "@eventchain/core";
import type { Finding, FindingKind, OutsideReceipt, VerifyReport } from "@eventchain/verifier";
import { collect, position } from "../frame/arguments.ts";
import type { RegisterCommand } from "../frame/command-spec.ts";
import { type CommandContext, givenContract, givenOrigin, severalLedgers } from "../frame/context.ts";
import { readFinalitySetting } from "../frame/read-finality-setting.ts";
import { readInputFile } from "../frame/read-input-file.ts";
import { showText } from "../jsonl/show-text.ts";
import { checkHandlers } from "../verify/check-handlers.ts";

interface VerifyArguments {
  readonly trust?: string;
  readonly from?: bigint;
  readonly receipt?: readonly string[];
  readonly checkpoint?: readonly string[];
  readonly snapshots?: boolean;
  readonly projections?: boolean;
  readonly offline?: boolean;
}

/** `verify`: the whole ledger against its log and the chain. Everything from outside is read before the ledger is. */
export const registerVerify: RegisterCommand = (program, run) => {
  program
    .command("verify")
    .description("check the whole ledger against its signed log and the chain")
    .option("--trust <file>", "the trust root, kept outside: whose keys, chain and contract to believe")
    .option("--from <position>", "recompute events from this position on", position)
    .option("--receipt <file>", "a receipt kept outside; may be given several times", collect)
    .option("--checkpoint <file>", "a signed checkpoint kept outside; may be given several times", collect)
    .option("--snapshots", "compare each snapshot with the event that commits to its state")
    .option("--projections", "make each projection of --config anew and compare it with what people read")
    .option("--offline", "leave the chain out")
    .action(
      run(async (context, options: VerifyArguments) => {
        const report = await withHandlers(context, options, await verify(context, options));
        if (report.ok) checkFrom(report, options.from);
        await context.output.document(report, describeLedger);
        return report.ok ? 0 : 1;
      }),
    );
};

/** Where something is wrong, that is the answer; else, with nothing recomputed, there is none. */
function checkFrom({ ledger, size }: VerifyReport, from: bigint | undefined): void {
  if (from === undefined || from === 1n || from <= BigInt(size)) return;
  const advice = size === "0" ? "leave it out" : `give a position from 1 to ${size}`;
  const message = `--from ${from} lies beyond the newest event: ${ledger} has ${size}; ${advice}`;
  throw new LedgerError("invalid-argument", message, { values: { ledger, from, size } });
}

/** Findings that leave nothing to make anything anew from. */
const EVENTS_ARE_WRONG: ReadonlySet<FindingKind> = new Set([
  "altered",
  "deleted",
  "inserted",
  "reordered",
  "truncated",
  "restored",
  "rewritten",
  "ledger-missing",
]);

/**
 * Adds what a config's code finds. Where the events themselves are not what they were, it would tell the same again. Where
 * nothing is found, what it cannot judge is the answer: exit code 2.
 */
async function withHandlers(
  context: CommandContext,
  { snapshots = false, projections = false }: VerifyArguments,
  report: VerifyReport,
): Promise<VerifyReport> {
  if (report.findings.some(({ kind }) => EVENTS_ARE_WRONG.has(kind))) {
    if (snapshots || projections)
      context.output.note("verify: nothing was made anew: the events are not what they were");
    return report;
  }
  const found = await checkHandlers(context, report.ledger, { snapshots, projections }).catch((error: unknown) => {
    // What was found must not be lost.
    if (report.ok) throw error;
    context.output.note(`verify: nothing was made anew: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  });
  if (found === undefined) return report;
  const { findings, unjudged, notes } = found;
  const [first] = unjudged;
  if (first !== undefined && report.ok && findings.length === 0) throw new LedgerError("config-invalid", first);
  for (const line of [...unjudged, ...notes]) context.output.note(`verify: ${line}`);
  // One tampering is one finding: a snapshot that is not what was committed to is told already.
  const told = new Set(report.findings.map(({ kind, position, branch }) => JSON.stringify([kind, position, branch])));
  const more = findings.filter(({ kind, position, branch }) => !told.has(JSON.stringify([kind, position, branch])));
  return { ...report, ok: report.ok && more.length === 0, findings: [...report.findings, ...more] };
}

async function verify(context: CommandContext, options: VerifyArguments): Promise<VerifyReport> {
  const { settings, signal } = context;
  const ledger = givenOrigin(settings);
  const contract = givenContract(settings);
  const trust =
    options.trust === undefined ? undefined : parseTrustRoot(await readInputFile(options.trust, "the trust root"));
  if (trust !== undefined && contract !== undefined) {
    throw new LedgerError("invalid-argument", "--contract and --trust both name the contract: leave --contract out");
  }
  const { parseReceipts, verifyLedger } = await import("@eventchain/verifier");
  const receipts: OutsideReceipt[] = [];
  for (const file of options.receipt ?? []) receipts.push(...parseReceipts(await readInputFile(file, "the receipt")));
  const checkpoints = await Promise.all(
    (options.checkpoint ?? []).map((file) => readInputFile(file, "the checkpoint")),
  );
  const chain = options.offline === true ? undefined : await chainAtHand(context);
  const finality = await readFinalitySetting(settings);
  const database = await context.pool();
  const { readGuard } = await import("../verify/read-guard.ts");
  const guard = await readGuard(context, ledger ?? trust?.origin);
  const bar = context.progress(0n, "verifying");
  const report = await verifyLedger({
    database,
    ledger,
    chain,
    offline: options.offline === true,
    trust,
    contract,
    from: options.from,
    receipts,
    checkpoints,
    guard: guard.head,
    snapshots: options.snapshots === true,
    finality,
    onProgress: (done, total) => bar.update(done, total),
    signal,
  }).catch((error: unknown) => {
    const origins =
      error instanceof LedgerError && error.code === "invalid-argument" ? error.values.ledgers : undefined;
    throw Array.isArray(origins) ? severalLedgers(origins) : error;
  });
  // Where nothing could be verified at all, that says enough.
  if (guard.problem !== undefined) context.output.note(`verify: the sealer's guard is left out: ${guard.problem}`);
  return report;
}

async function chainAtHand(context: CommandContext): Promise<Awaited<ReturnType<CommandContext["chain"]>>> {
  if ((await context.settings.find("rpc")) === undefined) {
    const message =
      "no chain is at hand to check against: give --rpc URL or RPC_URL, or leave the chain out by --offline";
    throw new LedgerError("chain-unavailable", message, { retryable: false });
  }
  return await context.chain();
}

/** The report in words. "Intact" is said only of what was checked against keys and a contract from outside. */
export function describeLedger(report: VerifyReport): string {
  const { anchored } = report;
  const lines = [
    `${report.ledger}: ${report.size} events, ${report.checked} recomputed, ${report.sealed} sealed`,
    report.offline === true
      ? "the chain was left out (--offline): nothing here was compared with it"
      : anchored === null
        ? "not anchored yet: no chain vouches for any of it"
        : `anchored up to ${anchored.size}, in block ${anchored.block} of chain ${anchored.chainId}` +
          `${anchored.final ? "" : " (not final yet)"}${report.unanchored === "0" ? "" : `; ${report.unanchored} newer are not`}`,
    ...describeSnapshots(report),
    ...report.findings.map(describeFinding),
    "",
    conclude(report),
  ];
  return lines.join("\n");
}

function describeSnapshots({ snapshots }: VerifyReport): string[] {
  if (snapshots === undefined) return [];
  const pruned = snapshots.pruned === "0" ? "" : `; ${snapshots.pruned} more were taken, and deleted since`;
  return [`${snapshots.checked} snapshots compared with the events that commit to them${pruned}`];
}

function describeFinding({ kind, position, to, stream, eventId, detail }: Finding): string {
  const where = position === undefined ? "" : ` ${to === undefined ? position : `${position}-${to}`}`;
  const whose = stream === undefined ? "" : ` (${showText(stream)}${eventId === undefined ? "" : `, ${eventId}`})`;
  return `${kind.toUpperCase()}${where}${whose}: ${showText(detail)}`;
}

function conclude(report: VerifyReport): string {
  const { findings, anchored, trust } = report;
  if (!report.ok) return `NOT INTACT: ${findings.length} ${findings.length === 1 ? "finding" : "findings"}.`;
  const source = "keys and contract are the database's own word; --trust FILE compares with yours";
  if (trust === "from-database") return `Consistent: nothing contradicts itself (${source}).`;
  if (report.offline === true) return "Consistent with its signed log; without the chain it cannot be called intact.";
  if (anchored === null) return "Consistent with its signed log; nothing is anchored yet.";
  return `Intact up to position ${anchored.size}${anchored.final ? "." : ", by an anchor that is not final yet."}`;
}
