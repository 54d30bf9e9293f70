// The thread of one ledger that has a module of its own: loads the config and the module, and runs all of the ledger's
// handlers. What goes wrong in it ends it at most; `keepCustomer` starts it again.

import { isMainThread, parentPort, workerData } from "node:worker_threads";
import pg from "pg";
import { whoseWork } from "../app/at-work.ts";
import { type RunningApp, runApp } from "../app/run-app.ts";
import { hostClock } from "../run/host-clock.ts";
import type { Logger } from "../run/logger.ts";
import { loadApp, loadCustomer, messageOf } from "./load-app.ts";
import type { FromThread, ThreadData, ToThread } from "./messages.ts";

/** Few: there may be many customers. */
const CONNECTIONS = 3;

function say(message: FromThread): void {
  parentPort?.postMessage(message);
}

const logger: Logger = (level, event, values = {}) => {
  // What cannot be cloned, a function say, is none of a line's values.
  const plain = JSON.parse(
    JSON.stringify(values, (_, value: unknown) => (typeof value === "bigint" ? `${value}` : value)),
  );
  say({ kind: "log", level, event, values: plain as Record<string, unknown> });
};

async function run({ configPath, origin, module, databaseUrl, roles, beatMs }: ThreadData): Promise<void> {
  // Of code that nobody awaits. The handlers that are awaited have their own troubles, and go on.
  process.on("unhandledRejection", (reason) => {
    const { handler, role } = whoseWork() ?? {};
    const whose = handler ?? role;
    say({
      kind: "trouble",
      reason: `unhandled rejection${whose === undefined ? "" : ` of ${whose}`}: ${messageOf(reason)}`,
    });
  });
  const beat = setInterval(() => say({ kind: "beat" }), beatMs);
  const app = await loadApp(configPath);
  const own = await loadCustomer(app.config, module);
  const pool = new pg.Pool({ connectionString: databaseUrl, max: CONNECTIONS, keepAlive: true });
  pool.on("error", () => undefined);
  pool.on("connect", (client) => client.on("error", () => undefined));
  const running = await runApp({
    ...own,
    serves: (each) => each === origin,
    pool,
    logger,
    clock: hostClock,
    roles,
  });
  say({ kind: "started" });
  await toldToClose();
  clearInterval(beat);
  await end(running, pool);
}

function toldToClose(): Promise<void> {
  return new Promise((resolve) => {
    parentPort?.on("message", ({ kind }: ToThread) => {
      if (kind === "close") resolve();
    });
  });
}

async function end(running: RunningApp, pool: pg.Pool): Promise<void> {
  await running.close();
  await pool.end();
  // What a customer's code left behind, a timer say, keeps nobody.
  process.exit(0);
}

if (!isMainThread)
  run(workerData as ThreadData).catch((error: unknown) => {
    say({ kind: "failed", reason: messageOf(error) });
    process.exit(1);
  });
