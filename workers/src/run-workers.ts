import { createHash } from "node:crypto";
import { resolve } from "node:path";
import { openPostgresLog, openPostgresStore } from "@eventchain/store";
import type pg from "pg";
import type { RunningApp } from "./app/run-app.ts";
import type { AppRole } from "./app/types.ts";
import { type KeptQueue, keepQueue } from "./run/keep-queue.ts";
import { type Logger, Troubles } from "./run/logger.ts";
import { openPool } from "./run/open-pool.ts";
import { type OpenStages, openStages } from "./run/open-stages.ts";
import { APP_ROLES, type CheckedOptions, checkOptions, type WorkersOptions } from "./run/options.ts";
import { startHandlers } from "./threads/start-handlers.ts";

/** At most; handlers have connections of their own. */
const CONNECTIONS = 10;

const nowMs = (): number => performance.now();

export interface Workers {
  /** Finishes the step at hand of each stage, then lets go of everything. May be called twice. */
  close(): Promise<void>;
}

/**
 * Runs the stages that `roles` names, until closed. Any number of such processes may run on one database: every stage
 * takes a lock, or moves a state only from the one that it read. What is due is asked of Postgres, at the start and
 * at every tick; the queue carries hints, and work goes on without it.
 *
 * Errors: LedgerError `config-invalid` (also of an app's config that cannot be loaded), `bad-key`, `not-migrated`, `database-…` where the start fails. What fails later
 * is logged and tried again.
 */
export async function runWorkers(input: WorkersOptions): Promise<Workers> {
  const options = checkOptions(input);
  const logger: Logger = options.logger ?? (() => undefined);
  const troubles = new Troubles(logger, nowMs);
  const pool = openPool(options.databaseUrl, CONNECTIONS);
  let stopping = false;
  let queue: KeptQueue | undefined;
  let stages: OpenStages | undefined;
  let app: RunningApp | undefined;

  const close = async (): Promise<void> => {
    stopping = true;
    await Promise.all([stages?.stop(), queue?.close(), app?.close()]);
    await stages?.close();
    await pool.end();
    logger("info", "stopped");
  };
  try {
    // Refuses a database that is not migrated.
    const found = await openPostgresStore({ pool }).listLedgers();
    // It may be created later; or its name is misspelt.
    for (const origin of options.ledgers ?? [])
      if (!found.some((each) => each.origin === origin)) logger("warn", "ledger-not-there", { origin });
    stages = await openStages({
      options,
      log: openPostgresLog(pool),
      logger,
      troubles,
      nowMs,
      hint: async (stage, ledgerId) => (await queue?.hint(stage, ledgerId)) ?? false,
      isStopping: () => stopping,
    });
    const { databaseUrl, redisUrl, queuePrefix } = options;
    const connection = redisUrl === null || redisUrl === undefined ? { databaseUrl } : { redisUrl };
    const prefix = queuePrefix ?? defaultPrefix(databaseUrl);
    queue = await keepQueue({ connection, prefix, stages: stages.looks, logger, troubles });
    stages.start();
    app = await startApp(options, pool, logger);
  } catch (error) {
    await close();
    throw error;
  }
  logger("info", "started", { roles: options.roles });
  let closed: Promise<void> | undefined;
  return {
    close() {
      closed ??= close();
      return closed;
    },
  };
}

/** The handlers of the app whose config is named; undefined where its roles are not among those of this process. */
async function startApp(options: CheckedOptions, pool: pg.Pool, logger: Logger): Promise<RunningApp | undefined> {
  const roles = options.roles.filter((role): role is AppRole => APP_ROLES.includes(role));
  const { configFile, databaseUrl, ledgers } = options;
  if (roles.length === 0 || configFile === undefined) return undefined;
  return startHandlers({ configPath: resolve(configFile), pool, databaseUrl, logger, roles, ledgers });
}

/** Two databases on one Redis must not take each other's hints. */
function defaultPrefix(databaseUrl: string): string {
  const { hostname, port, pathname } = new URL(databaseUrl);
  const digest = createHash("sha256").update(`${hostname}:${port}${pathname}`).digest("hex");
  return `eventchain-${digest.slice(0, 12)}`;
}
