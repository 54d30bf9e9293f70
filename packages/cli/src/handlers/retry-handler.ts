import { LedgerError } from "@eventchain/core";
import type { HandlerKind } from "@eventchain/ledger";
import type { ExitCode } from "../frame/command-spec.ts";
import type { CommandContext } from "../frame/context.ts";
import { showText } from "../jsonl/show-text.ts";

/**
 * Sets a handler going again: a projection's builds that stopped, or a reaction's dead runs, all of them or those of one event.
 * Prints how many; exit code 0 also where there was none.
 *
 * @throws LedgerError `not-found` for a name that neither the config nor the database knows as one that can be retried
 */
export async function retryHandler(
  context: CommandContext,
  name: string,
  position: bigint | undefined,
  known: ReadonlyMap<string, HandlerKind>,
): Promise<ExitCode> {
  const [ledger, pool] = [await context.ledger(), await context.pool()];
  const { openPostgresProjections, openPostgresReactions, openPostgresStore } = await import("@eventchain/store");
  const record = await openPostgresStore({ pool }).findLedger(ledger.origin);
  const kind = (await ledger.handlers()).find((handler) => handler.name === name)?.kind ?? known.get(name);
  if (record === undefined || (kind !== "projection" && kind !== "reaction")) {
    const message = `the ledger has no projection and no reaction ${JSON.stringify(name)}: \`eventchain handlers\` lists them`;
    throw new LedgerError("not-found", message, { values: { handler: name } });
  }
  if (kind === "projection" && position !== undefined)
    throw new LedgerError("invalid-argument", "--position is of a reaction: a projection goes on where it stopped");
  const { ledgerId } = record;
  const retried =
    kind === "projection"
      ? await openPostgresProjections(pool).retry(ledgerId, name)
      : BigInt(await openPostgresReactions(pool).retry(ledgerId, { reaction: name, position }));
  const what = kind === "projection" ? "stopped" : "dead";
  await context.output.document({ handler: name, kind, retried: retried.toString() }, () =>
    retried === 0n
      ? `${showText(name)} has nothing that is ${what}`
      : `${showText(name)}: ${retried} ${kind === "projection" ? "of its builds" : "of its runs"} will be tried again`,
  );
  return 0;
}
