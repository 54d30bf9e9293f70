import { formatInstant, type LedgerStatus, type ProjectionStatus } from "@eventchain/ledger";
import type { ExitCode, RegisterCommand } from "../frame/command-spec.ts";
import type { CommandContext } from "../frame/context.ts";
import { showText } from "../jsonl/show-text.ts";

/** `status`: how far a ledger has come, and what keeps it. */
export const registerStatus: RegisterCommand = (program, run) => {
  program
    .command("status")
    .description(
      "show how far the ledger is sealed, anchored and final, how its handlers stand, and why an anchor waits",
    )
    .action(run((context) => showStatus(context)));
};

async function showStatus(context: CommandContext): Promise<ExitCode> {
  const ledger = await context.ledger();
  const status = await ledger.status();
  const { lag, alarms, anchors } = status;
  // Spans and gas are plain numbers; what counts events or blocks is a decimal string.
  const shown = {
    ...status,
    lag: { sealMs: Number(lag.sealMs), anchorMs: Number(lag.anchorMs), finalMs: Number(lag.finalMs) },
    alarms: alarms.map(({ code, message, raisedAtMs }) => ({ code, message, at: formatInstant(raisedAtMs * 1000n) })),
    anchors: anchors.map(({ atMs, gasUsed, ...anchor }) => ({
      ...anchor,
      gasUsed: gasUsed === null ? null : Number(gasUsed),
      at: formatInstant(atMs * 1000n),
    })),
  };
  await context.output.document(shown, () => toWords(status));
  return 0;
}

function toWords(status: LedgerStatus): string {
  const { ledger, epoch, size, sealed, anchored, final, head, lag, waiting, alarms, handlers, projections, anchors } =
    status;
  const behind = (ms: bigint): string => (ms === 0n ? "" : `  (behind by ${seconds(ms)})`);
  return [
    `ledger    ${ledger}${epoch === 0n ? "" : ` (epoch ${epoch})`}`,
    `events    ${size}`,
    `sealed    ${sealed}${behind(lag.sealMs)}`,
    `anchored  ${anchored}${behind(lag.anchorMs)}`,
    `final     ${final}${behind(lag.finalMs)}`,
    `head      ${head.size} ${head.root}`,
    ...(waiting === null ? [] : [`waiting   ${showText(waiting)}`]),
    ...alarms.map(({ code, message }) => `ALARM     ${code}: ${showText(message)}`),
    ...handlers
      .filter(({ state }) => state !== "on")
      .map(({ name, state, reason }) => `handler   ${showText(name)} ${state}: ${showText(reason ?? "")}`),
    ...projections.map(projectionInWords),
    ...anchors.map(({ size: to, state, txHash, block }) => {
      const where = block === null ? "" : ` in block ${block}`;
      return `anchor    ${to} ${state}${where} ${txHash}`;
    }),
  ].join("\n");
}

function projectionInWords({
  name,
  version,
  state,
  position,
  behind,
  building,
  retired,
  changed,
}: ProjectionStatus): string {
  const at =
    version === null ? "" : ` version ${version} at ${position}${behind === 0n ? "" : `, behind by ${behind}`}`;
  const next =
    building === null
      ? ""
      : `; building version ${building.version}, at ${building.position}${because(building.reason)}`;
  const due = changed ? "; its definition has changed: raise its version, or replay it" : "";
  const old = retired.map((build) => `; version ${build.version} is to be dropped${because(build.reason)}`).join("");
  return `project   ${name} ${state}${at}${next}${due}${old}`;
}

function because(reason: string | null): string {
  return reason === null ? "" : ` (${showText(reason)})`;
}

function seconds(ms: bigint): string {
  return `${(Number(ms) / 1000).toFixed(1)} s`;
}
