import { join } from "node:path";
import { LedgerError } from "@eventchain/core";
import type { Logger } from "./logger.ts";
import type { Role, WorkersOptions } from "./options.ts";
import { readFinality } from "./read-finality.ts";

/** The process's environment, or what stands in for it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The workers' options as an environment names them; an empty variable is one that is not set. What they hold is checked
 * by `runWorkers`. Errors: LedgerError `config-invalid`.
 */
export function readEnvironment(env: Environment, logger: Logger): WorkersOptions {
  const read = (name: string): string | undefined => (env[name] === "" ? undefined : env[name]);
  const folder = read("EVENTCHAIN_DIR") ?? ".eventchain";
  const databaseUrl = read("DATABASE_URL");
  if (databaseUrl === undefined) throw new LedgerError("config-invalid", "set DATABASE_URL to the ledger's database");
  const list = (name: string): string[] | undefined =>
    read(name)
      ?.split(",")
      .map((item) => item.trim());
  const policy: Record<string, unknown> = {
    minIntervalMs: read("ANCHOR_MIN_INTERVAL_MS"),
    maxDelayMs: read("ANCHOR_MAX_DELAY_MS"),
    maxFeePerGasWei: read("ANCHOR_MAX_FEE_PER_GAS_WEI"),
    dailyBudgetWei: read("ANCHOR_DAILY_BUDGET_WEI"),
    replaceAfterMs: read("ANCHOR_REPLACE_AFTER_MS"),
    resendAfterMs: read("ANCHOR_RESEND_AFTER_MS"),
    pollMs: read("CHAIN_POLL_MS"),
  };
  return {
    databaseUrl,
    redisUrl: read("REDIS_URL"),
    rpcUrl: read("RPC_URL"),
    sealKeyFile: read("SEAL_KEY_FILE"),
    anchorKeyFile: read("ANCHOR_KEY_FILE"),
    guardUrl: read("GUARD_URL"),
    guardDir: join(folder, "guard"),
    configFile: read("CONFIG"),
    roles: list("ROLES") as Role[] | undefined,
    ledgers: list("LEDGERS"),
    finality: readFinality(read("FINALITY")),
    // Decimal texts: checked and turned into numbers with the other options.
    policy: policy as WorkersOptions["policy"],
    queuePrefix: read("QUEUE_PREFIX"),
    logger,
  };
}
