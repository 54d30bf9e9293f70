import { LedgerError } from "@eventchain/core";
import { type AppConfig, collectHandlers } from "@eventchain/ledger";
import { openPostgresStore } from "@eventchain/store";
import { type RunningApp, runApp } from "./app/run-app.ts";
import type { AppRole } from "./app/types.ts";
import { hostClock } from "./run/host-clock.ts";
import type { Logger } from "./run/logger.ts";

export interface RunHandlersOptions {
  /** postgres:// URL of a migrated database. */
  readonly databaseUrl: string;
  /** Default: all three. */
  readonly roles?: readonly AppRole[] | undefined;
  /** Default: says nothing. */
  readonly logger?: Logger | undefined;
  /** Milliseconds since 1970-01-01 UTC. Default: the host's clock. */
  readonly clock?: (() => bigint) | undefined;
}

/**
 * Runs an app's projections, reactions and snapshots on all ledgers of a database in the caller's own process, until
 * closed: for an app that wants no worker beside it. Any number of processes may, and workers too.
 *
 * Errors: LedgerError `config-invalid`, also for a config whose ledgers have modules of their own: those are loaded from
 * its file, by `runWorkers`; `not-migrated`, `database-…`. What fails later is logged and tried again.
 */
export async function runHandlers(config: AppConfig, options: RunHandlersOptions): Promise<RunningApp> {
  const {
    databaseUrl,
    roles = ["project", "react", "snapshot"],
    logger = () => undefined,
    clock = hostClock,
  } = options;
  if (config.ledgers !== undefined)
    throw new LedgerError("config-invalid", "`ledgers` has modules, which runWorkers loads by the config's file");
  const handlers = collectHandlers(config);
  const store = openPostgresStore({ connectionString: databaseUrl });
  try {
    await store.listLedgers();
    const app = await runApp({ config, handlers, serves: () => true, pool: store.pool, logger, clock, roles });
    let closed: Promise<void> | undefined;
    return {
      close() {
        closed ??= app.close().then(() => store.close());
        return closed;
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}
