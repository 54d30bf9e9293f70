import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LedgerError } from "@eventchain/core";
import {
  type SupervisedProcess,
  type SuperviseOptions,
  superviseProcess,
  tailOf,
} from "../processes/supervise-process.ts";
import { findFreePort } from "./find-free-port.ts";

/** How often another port is tried when somebody else was faster. */
const PORT_ATTEMPTS = 10;

/** How a server is run on a port; where its log and its identity go is decided here. */
export type ServerProgram = Omit<SuperviseOptions, "logFile" | "pidFile" | "signal" | "log" | "restart">;

/**
 * Starts a server on the port that is asked for; else on the last time's, or on one free port after the other until
 * nobody else has it. Its log is `dir/log`, its identity `dir/pid`, its port `dir/port`.
 *
 * @throws LedgerError `stack-failed`, `aborted`
 */
export async function startOnPort(
  input: { dir: string; port: number | undefined; signal: AbortSignal | undefined; log: (message: string) => void },
  program: (port: number) => ServerProgram,
): Promise<{ server: SupervisedProcess; port: number }> {
  const { dir, port: wanted, signal, log } = input;
  const portFile = join(dir, "port");
  const logFile = join(dir, "log");
  for (let attempt = 1; ; attempt++) {
    const port = wanted ?? (await findFreePort(attempt === 1 ? lastPort(portFile) : undefined));
    try {
      const server = await superviseProcess({ ...program(port), logFile, pidFile: join(dir, "pid"), signal, log });
      writeFileSync(portFile, `${port}\n`);
      return { server, port };
    } catch (error) {
      if (!(error instanceof LedgerError) || error.code !== "stack-failed") throw error;
      if (!/address already in use|EADDRINUSE/i.test(tailOf(logFile, 6))) throw error;
      if (wanted !== undefined) throw portInUse(port, error);
      if (attempt === PORT_ATTEMPTS) throw error;
    }
  }
}

function lastPort(portFile: string): number | undefined {
  try {
    const port = Number(readFileSync(portFile, "utf8"));
    return Number.isInteger(port) && port > 0 && port < 65_536 ? port : undefined;
  } catch {
    return undefined;
  }
}

function portInUse(port: number, cause: Error): LedgerError {
  return new LedgerError("stack-failed", `port ${port} is in use: stop what listens there, or name another port`, {
    values: { port },
    cause,
  });
}
