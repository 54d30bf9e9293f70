import { openPostgresTroubles } from "@eventchain/store";
import type pg from "pg";
import { type RunningApp, runApp } from "../app/run-app.ts";
import type { AppRole } from "../app/types.ts";
import { type Logger, Troubles } from "../run/logger.ts";
import { type KeptCustomer, keepCustomer, THREAD_LIMITS, type ThreadLimits } from "./keep-customer.ts";
import { type CustomerModule, loadApp } from "./load-app.ts";

export interface StartHandlersInput {
  /** The config's absolute path. */
  readonly configPath: string;
  readonly pool: pg.Pool;
  /** postgres:// URL, for the threads of customers. */
  readonly databaseUrl: string;
  readonly logger: Logger;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly clock: () => bigint;
  readonly roles: readonly AppRole[];
  /** Of the customers' threads. Default `THREAD_LIMITS`. */
  readonly limits?: ThreadLimits | undefined;
}

/**
 * Runs an app's handlers on all ledgers of a database, until closed: in this thread, but for ledgers with a module of their
 * own; each of those has a thread. What such a thread is ended by stands in its ledger's status until it has run well for
 * a while.
 *
 * Errors: LedgerError `config-invalid`, `database-…` where the start fails. What fails later is logged and tried again.
 */
export async function startHandlers(input: StartHandlersInput): Promise<RunningApp> {
  const { configPath, pool, logger, clock, roles } = input;
  const { config, handlers, modules } = await loadApp(configPath);
  const common = await runApp({
    config,
    handlers,
    serves: (origin) => !modules.has(origin),
    pool,
    logger,
    clock,
    roles,
  });
  const customers = [...modules].map(([origin, module]) => keep(input, origin, module));
  return {
    async close() {
      await Promise.all([common.close(), ...customers.map((customer) => customer.close())]);
    },
  };
}

function keep(input: StartHandlersInput, origin: string, module: CustomerModule): KeptCustomer {
  const { configPath, databaseUrl, pool, logger, roles, limits = THREAD_LIMITS } = input;
  const kept = openPostgresTroubles(pool);
  const said = new Troubles(logger, () => performance.now());
  const name = `module:${module.name}`;
  /** The row is a hint for people: the log has said it already. One after the other, so that the last word stays. */
  let noting: Promise<void> = Promise.resolve();
  const note = (write: () => Promise<unknown>): void => {
    noting = noting.then(write).then(
      () => said.over("note", "trouble-noted", { origin }),
      (error: unknown) => said.note("note", "trouble-not-noted", error, { origin }),
    );
  };
  // Of an earlier process, perhaps: it stands until this one has run well.
  const customer = keepCustomer({
    data: { configPath, origin, module, databaseUrl, roles },
    limits,
    onLog: ({ level, event, values }) => logger(level, event, { ...values, origin }),
    onTrouble(reason, ended) {
      logger("error", ended ? "customer-ended" : "customer-trouble", { origin, module: module.name, reason });
      note(() => kept.note(origin, name, ended ? "failed" : "failing", reason));
    },
    onSound: () => note(() => kept.clear(origin, name)),
  });
  return {
    async close() {
      await customer.close();
      await noting;
    },
  };
}
