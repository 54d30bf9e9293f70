// A thread of handlers: loads the config, and runs the common ones, or all of one ledger that has a module of its own, which
// it loads too. What goes wrong in it ends it at most; `keepThread` starts it again.

import { isMainThread, parentPort, workerData } from "node:worker_threads";
import { LedgerError } from "@eventchain/core";
import type pg from "pg";
import { whoseWork } from "../app/at-work.ts";
import { type RunningApp, runApp } from "../app/run-app.ts";
import { hostClock } from "../run/host-clock.ts";
import { errorValues, type Logger } from "../run/logger.ts";
import { openPool } from "../run/open-pool.ts";
import { loadApp, loadCustomer, messageOf } from "./load-app.ts";
import type { FromThread, ThreadData, ToThread } from "./messages.ts";

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

async function run(data: ThreadData): Promise<void> {
  const { configPath, own, ledgers, databaseUrl, connections, roles, beatMs } = data;
  // Of code that nobody awaits. The handlers that are awaited have their own troubles, and go on.
  process.on("unhandledRejection", (reason) => {
    const whose = whoseWork();
    const name = whose?.handler ?? whose?.role;
    logger("error", "unhandled-rejection", { ...whose, ...errorValues(reason) });
    say({
      kind: "trouble",
      reason: `unhandled rejection${name === undefined ? "" : ` of ${name}`}: ${messageOf(reason)}`,
      origin: whose?.origin,
    });
  });
  const beat = setInterval(() => say({ kind: "beat" }), beatMs);
  const app = await loadApp(configPath);
  const { config, handlers } = own === undefined ? app : await loadCustomer(app.config, own.module);
  const isCommon = (origin: string): boolean =>
    !app.modules.has(origin) && (ledgers === undefined || ledgers.includes(origin));
  const pool = openPool(databaseUrl, connections);
  const running = await runApp({
    config,
    handlers,
    serves: own === undefined ? isCommon : (origin) => origin === own.origin,
    pool,
    logger,
    clock: hostClock,
    roles,
  });
  say({ kind: "started", modules: Array.from(app.modules, ([origin, module]) => ({ origin, module })) });
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
  await Promise.all([written(process.stdout), written(process.stderr)]);
  // What an app's code left behind, a timer say, keeps nobody.
  process.exit(0);
}

/** A thread's output travels by the main thread: what has not arrived there is lost when the thread ends. */
function written(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => stream.write("", () => resolve()));
}

if (!isMainThread)
  run(workerData as ThreadData).catch((error: unknown) => {
    const { code, retryable } = error instanceof LedgerError ? error : {};
    say({ kind: "failed", reason: messageOf(error), code, retryable });
    process.exit(1);
  });
