import { type ChildProcess, spawn } from "node:child_process";
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { LedgerError } from "@eventchain/core";
import { identifyProcess, isAlive, type ProcessIdentity, parseIdentity } from "./identify-process.ts";
import { announceProcess, forgetProcess, isWatched, watchProcess } from "./start-reaper.ts";
import { type StopManner, stopProcess } from "./stop-process.ts";

/** Pause before a process that died is started again, in milliseconds; doubled each time up to the limit. */
export const RESTART_DELAY_MS = 100;
export const RESTART_DELAY_LIMIT_MS = 5_000;
/** A process that ran this long, in milliseconds, starts again with the shortest pause. */
export const STEADY_MS = 30_000;
/** A log longer than this, in bytes, is set aside as `<log>.1` when its process is first started. */
export const LOG_LIMIT_BYTES: number = 8 * 1024 * 1024;
const READY_POLL_MS = 15;

export interface SuperviseOptions {
  /** What to call it in messages, such as "Postgres". */
  readonly name: string;
  readonly command: string;
  /** Anyone on the machine can read these: no secrets. */
  readonly args?: readonly string[];
  /** The whole environment. Default: this process's own. */
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly uid?: number;
  readonly gid?: number;
  /** Where its output goes; appended to, created with mode 0600. */
  readonly logFile: string;
  /** Where its identity is kept while it runs: what a crash left running is stopped by the next start. Default `<logFile>.pid`. */
  readonly pidFile?: string;
  /** Start it again when it ends without being told to. Default true. */
  readonly restart?: boolean;
  /** Default SIGTERM, 10 s. */
  readonly stop?: StopManner;
  /** Asked again and again until it says true. Default: running is ready. */
  readonly isReady?: (pid: number) => boolean | Promise<boolean>;
  /** How long the first start may take, in milliseconds. Default 60,000. */
  readonly readyTimeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
  /** Told when it died and when it runs again. */
  readonly log?: (message: string) => void;
}

export interface SupervisedProcess {
  readonly name: string;
  /** The process that runs now; undefined between a death and the restart, and after `stop`. */
  readonly pid: number | undefined;
  /** How often it was started again. */
  readonly restarts: number;
  /** Ends it for good. May be called twice, and at any time. */
  stop(): Promise<void>;
}

const DEFAULT_STOP: StopManner = { signal: "SIGTERM", graceMs: 10_000 };

/**
 * Starts a program in a process group of its own, so that Ctrl-C on the terminal reaches only this process, and has the
 * reaper stop it should this process end without doing so. If it dies later it is started again.
 *
 * @throws LedgerError `stack-failed` with the end of its log if it ends before it is ready, or is not ready in time;
 *   `aborted` if the signal says so. Nothing is left running then.
 */
export async function superviseProcess(options: SuperviseOptions): Promise<SupervisedProcess> {
  mkdirSync(dirname(options.logFile), { recursive: true });
  setLogAside(options.logFile);
  const { stop = DEFAULT_STOP, pidFile = `${options.logFile}.pid` } = options;
  await stopLeftover(pidFile, stop);
  const supervised = new Supervised({ ...options, stop, pidFile });
  try {
    await supervised.start();
  } catch (error) {
    await supervised.stop();
    throw error;
  }
  return supervised;
}

/**
 * Ends what an earlier run left behind, if the process named in the file still runs.
 *
 * @returns whether there was one
 */
export async function stopLeftover(pidFile: string, manner: StopManner = DEFAULT_STOP): Promise<boolean> {
  const identity = parseIdentity(readIfThere(pidFile));
  if (identity !== undefined && isWatched(identity.pid)) return false;
  const isThere = identity !== undefined && isAlive(identity);
  if (isThere) await stopProcess(identity, manner);
  rmSync(pidFile, { force: true });
  return isThere;
}

/** The last lines of a log, for a message. */
export function tailOf(logFile: string, lines = 12): string {
  return readIfThere(logFile).trimEnd().split("\n").slice(-lines).join("\n");
}

class Supervised implements SupervisedProcess {
  readonly name: string;
  restarts = 0;
  readonly #options: SuperviseOptions & { stop: StopManner; pidFile: string };
  #child: ChildProcess | undefined;
  #identity: ProcessIdentity | undefined;
  #exited: Promise<string> = Promise.resolve("was not started");
  #isStopping = false;
  #stopped: Promise<void> | undefined;
  readonly #giveUp = new AbortController();

  constructor(options: SuperviseOptions & { stop: StopManner; pidFile: string }) {
    this.name = options.name;
    this.#options = options;
  }

  get pid(): number | undefined {
    return this.#identity?.pid;
  }

  async start(): Promise<void> {
    this.#spawn();
    await this.#untilReady();
    if (this.#options.restart !== false) void this.#keepRunning();
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    this.#isStopping = true;
    this.#giveUp.abort();
    const identity = this.#identity;
    if (identity !== undefined) {
      if (await stopProcess(identity, this.#options.stop)) await this.#exited;
      else this.#options.log?.(`${this.name} (process ${identity.pid}) could not be stopped`);
    }
  }

  #spawn(): void {
    const { command, args = [], env = process.env, cwd, uid, gid, logFile, pidFile } = this.#options;
    const output = openSync(logFile, "a", 0o600);
    announceProcess(realpathSync(logFile));
    try {
      const child = spawn(command, args, {
        env,
        detached: true,
        windowsHide: true,
        stdio: ["ignore", output, output],
        ...(cwd === undefined ? {} : { cwd }),
        ...(uid === undefined ? {} : { uid }),
        ...(gid === undefined ? {} : { gid }),
      });
      this.#child = child;
      this.#exited = new Promise((resolve) => {
        child.once("error", (error) => resolve(`could not be run: ${error.message}`));
        child.once("exit", (code, signal) =>
          resolve(signal === null ? `ended with code ${code}` : `died of ${signal}`),
        );
      });
      const { pid } = child;
      if (pid === undefined) return;
      const identity = identifyProcess(pid) ?? { pid, started: "" };
      this.#identity = identity;
      watchProcess(identity, this.#options.stop);
      writeFileSync(pidFile, `${JSON.stringify(identity)}\n`, { mode: 0o600 });
      void this.#exited.then(() => this.#onExit(identity));
    } finally {
      closeSync(output);
    }
  }

  #onExit(identity: ProcessIdentity): void {
    forgetProcess(identity.pid);
    if (this.#identity !== identity) return;
    this.#identity = undefined;
    rmSync(this.#options.pidFile, { force: true });
  }

  async #untilReady(): Promise<void> {
    const { isReady = () => true, readyTimeoutMs = 60_000, signal, logFile } = this.#options;
    let end: string | undefined;
    void this.#exited.then((how) => {
      end = how;
    });
    const deadline = performance.now() + readyTimeoutMs;
    for (;;) {
      if (signal?.aborted === true) throw new LedgerError("aborted", `starting ${this.name} was interrupted`);
      const pid = this.#child?.pid;
      if (end === undefined && pid !== undefined && (await isReady(pid))) return;
      if (end !== undefined || pid === undefined) {
        const how = await this.#exited;
        throw new LedgerError(
          "stack-failed",
          `${this.name} ${how} before it was ready; its log (${logFile}) ends:\n${tailOf(logFile)}`,
        );
      }
      if (performance.now() > deadline) {
        throw new LedgerError(
          "stack-failed",
          `${this.name} was not ready after ${readyTimeoutMs} ms; its log is ${logFile}`,
        );
      }
      await sleep(READY_POLL_MS);
    }
  }

  async #keepRunning(): Promise<void> {
    let delayMs = RESTART_DELAY_MS;
    for (;;) {
      const startedMs = performance.now();
      const how = await this.#exited;
      if (this.#isStopping) return;
      if (performance.now() - startedMs >= STEADY_MS) delayMs = RESTART_DELAY_MS;
      this.#options.log?.(`${this.name} ${how}; starting it again`);
      await sleep(delayMs, undefined, { signal: this.#giveUp.signal }).catch(() => undefined);
      if (this.#isStopping) return;
      delayMs = Math.min(delayMs * 2, RESTART_DELAY_LIMIT_MS);
      this.restarts += 1;
      this.#spawn();
    }
  }
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function setLogAside(logFile: string): void {
  try {
    if (statSync(logFile).size > LOG_LIMIT_BYTES) renameSync(logFile, `${logFile}.1`);
  } catch {
    // No log yet.
  }
}
