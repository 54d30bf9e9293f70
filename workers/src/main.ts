// `node workers/src/main.ts`: the workers as a process of their own, configured by the environment.

import { join } from "node:path";
import { LedgerError } from "@eventchain/core";
import { errorValues, formatLine, type Logger } from "./run/logger.ts";
import type { Role, WorkersOptions } from "./run/options.ts";
import { readFinality } from "./run/read-finality.ts";
import { runWorkers } from "./run-workers.ts";

/** One JSON object a line, on standard error. */
const logger: Logger = (level, event, values = {}) => {
  process.stderr.write(`${formatLine(new Date().toISOString(), level, event, values)}\n`);
};

/** An empty variable is one that is not set. */
function read(name: string): string | undefined {
  const value = process.env[name];
  return value === undefined || value === "" ? undefined : value;
}

function readOptions(): WorkersOptions {
  const folder = read("EVENTCHAIN_DIR") ?? ".eventchain";
  const databaseUrl = read("DATABASE_URL");
  if (databaseUrl === undefined) throw new LedgerError("config-invalid", "set DATABASE_URL to the ledger's database");
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
    roles: read("ROLES")
      ?.split(",")
      .map((role) => role.trim() as Role),
    finality: readFinality(read("FINALITY")),
    // Decimal texts: checked and turned into numbers with the other options.
    policy: policy as WorkersOptions["policy"],
    queuePrefix: read("QUEUE_PREFIX"),
    logger,
  };
}

async function main(): Promise<void> {
  const workers = await runWorkers(readOptions());
  // Under npx a Ctrl-C arrives twice: the second one finds the first at work.
  const stop = (): void => {
    workers.close().then(
      () => process.exit(0),
      (error: unknown) => {
        logger("error", "stop-failed", errorValues(error));
        process.exit(1);
      },
    );
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
}

main().catch((error: unknown) => {
  logger("error", "start-failed", errorValues(error));
  process.exitCode = 2;
});
