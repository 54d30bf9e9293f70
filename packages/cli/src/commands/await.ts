import { LedgerError, parseDecimal } from "@eventchain/core";
import type { Ledger } from "@eventchain/ledger";
import { secondsAsMs } from "../frame/arguments.ts";
import type { ExitCode, RegisterCommand } from "../frame/command-spec.ts";
import type { CommandContext } from "../frame/context.ts";
import { showText } from "../jsonl/show-text.ts";

interface AwaitArguments {
  /** Milliseconds. */
  readonly timeout?: number;
}

/** `await`: until a position or a command is final. */
export const registerAwait: RegisterCommand = (program, run) => {
  program
    .command("await")
    .description("wait until a position, which may still be ahead, or a command is final")
    .argument("<position-or-command>", "all digits: a position; else a command id")
    .option("--timeout <s>", "seconds to wait (default 60)", secondsAsMs)
    .action(run((context, what: string, options: AwaitArguments) => awaitFinal(context, what, options)));
};

async function awaitFinal(context: CommandContext, what: string, options: AwaitArguments): Promise<ExitCode> {
  const given = /^[0-9]+$/.test(what) ? parseDecimal(what, "the position") : undefined;
  if (given === 0n) throw new LedgerError("invalid-argument", "there is no position 0: positions start at 1");
  const ledger = await context.ledger();
  const found = given === undefined ? await findCommand(ledger, what) : { position: given };
  if ("rejected" in found) {
    const { rejected: code } = found;
    await context.output.document(
      { position: null, state: "rejected", code, anchor: null },
      () => `command ${showText(what)} was rejected: ${showText(code)}`,
    );
    return 1;
  }
  const { position } = found;
  // What is final already is so within any time, also within none.
  const { finalSize } = await ledger.watermarks();
  const { state, anchor } = await ledger.awaitPosition(position, {
    timeoutMs: finalSize >= position ? undefined : options.timeout,
    signal: context.signal,
  });
  await context.output.document(
    { position, state, anchor },
    () =>
      `position ${position} is final: anchored with size ${anchor.size} in block ${anchor.blockNumber} by ${anchor.txHash}`,
  );
  return 0;
}

async function findCommand(ledger: Ledger, commandId: string): Promise<{ position: bigint } | { rejected: string }> {
  const receipt = await ledger.receipt(commandId);
  if (receipt === undefined)
    throw new LedgerError(
      "not-found",
      `no command ${JSON.stringify(commandId)} was recorded: give its id, or a position`,
      {
        values: { commandId },
      },
    );
  if (receipt.status === "rejected") return { rejected: receipt.code };
  const last = receipt.events.at(-1);
  if (last === undefined) throw new Error("a receipt without events");
  return { position: last.position };
}
