import { join } from "node:path";
import { LedgerError, originLine } from "@eventchain/core";
import { openPostgresStore } from "@eventchain/store";
import { type Guard, type GuardHead, openFileGuard, openPostgresGuard } from "@eventchain/workers";
import { withoutSecrets } from "../frame/check-url.ts";
import type { CommandContext } from "../frame/context.ts";
import type { Settings } from "../frame/settings.ts";

/** What was read of a guard; `problem`: why it could not be. Neither, where none is at hand. */
export interface GuardRead {
  readonly head?: GuardHead | undefined;
  readonly problem?: string;
}

/**
 * What the sealer's guard holds, where it is at hand: it tells `verify` whether a head on chain that the database cannot
 * explain was lost here or invented elsewhere. It is a help to name a finding, never a reason to trust, so whatever
 * keeps it from being read leaves it out.
 *
 * @param origin of the ledger; undefined: the only one there is
 */
export async function readGuard(context: CommandContext, origin: string | undefined): Promise<GuardRead> {
  try {
    const guard = await findGuard(context);
    if (guard === undefined) return {};
    try {
      const ledgers = await openPostgresStore({ pool: await context.pool() }).listLedgers();
      const ledger = origin === undefined ? ledgers[0] : ledgers.find((each) => each.origin === origin);
      return ledger === undefined ? {} : { head: await guard.read(originLine(ledger.origin, ledger.epoch)) };
    } finally {
      await guard.close();
    }
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    return { problem: error.message };
  }
}

/** GUARD_URL's; else that of a folder that is this database's: it was named, or its stack runs on this very database. */
async function findGuard({ settings }: CommandContext): Promise<Guard | undefined> {
  const { options, env, dir } = settings;
  if (env.GUARD_URL !== undefined && env.GUARD_URL !== "") return openPostgresGuard(env.GUARD_URL);
  const database = await settings.require("database");
  const isNamed = options.dir !== undefined || (env.EVENTCHAIN_DIR ?? "") !== "";
  if (!isNamed && !(await isStacks(settings, database.text))) return undefined;
  return openFileGuard(join(dir, "guard"));
}

async function isStacks(settings: Settings, databaseUrl: string): Promise<boolean> {
  const stack = await settings.stack();
  return [databaseUrl, withoutSecrets("database", databaseUrl)].some((url) => url === stack?.databaseUrl);
}
