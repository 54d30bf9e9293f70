import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, readlinkSync, realpathSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { LedgerError } from "@eventchain/core";
import { lockFolder } from "./files/lock-folder.ts";
import { prepareFolder } from "./files/prepare-folder.ts";
import { startOnPort } from "./ports/start-on-port.ts";
import { chooseServerUser } from "./postgres/choose-server-user.ts";
import { findPostgresBinaries, programPath } from "./postgres/find-binaries.ts";
import { linkedDataFolder, prepareDataFolder } from "./postgres/prepare-data-folder.ts";
import { reachBinaries } from "./postgres/reach-folder.ts";
import { identifyProcess } from "./processes/identify-process.ts";
import { type StopManner, stopProcess } from "./processes/stop-process.ts";
import { stopLeftover } from "./processes/supervise-process.ts";

/** What marks a folder of `startPostgres`. */
export const POSTGRES_KIND = "postgres";

/** SIGINT is PostgreSQL's fast shutdown: connections are closed, everything is written, no recovery at the next start. */
const POSTGRES_STOP: StopManner = { signal: "SIGINT", graceMs: 30_000 };

/** Light on memory; durability as PostgreSQL has it by default. */
const POSTGRES_SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  max_connections: "200",
  shared_buffers: "64MB",
  max_wal_size: "256MB",
  io_method: "sync",
  max_parallel_workers_per_gather: "0",
  log_min_messages: "warning",
  cluster_name: "eventchain",
};

export interface StartPostgresOptions {
  /** A folder of its own; made if it is not there. */
  readonly dir: string;
  /** Default: the port of the last time if it is free, else any free one. A port given here must be free. */
  readonly port?: number;
  /** As root: the system user to run as. Default `postgres`, else `nobody`. */
  readonly user?: string;
  /** False for data that may be lost with the machine (tests): nothing waits for the disk. Default true. */
  readonly durable?: boolean;
  /** More settings, over `POSTGRES_SETTINGS`. They are visible on the command line: no secrets. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  readonly log?: (message: string) => void;
}

export interface RunningPostgres {
  /** `postgres://postgres:<password>@127.0.0.1:<port>/postgres`, a superuser's. */
  readonly url: string;
  readonly port: number;
  /** The server's process now; another one after it died and was started again, undefined in between. */
  readonly pid: number | undefined;
  /** Fast shutdown. May be called twice. */
  stop(): Promise<void>;
}

/**
 * A PostgreSQL server on the loopback address, with its data in `dir` over restarts: UTF-8, C.UTF-8 by the built-in
 * provider, password by SCRAM (generated, in `dir/password`, mode 0600), no Unix socket. A server that dies is started
 * again on the same port. It ends with this process, whatever ends that.
 *
 * @throws LedgerError `stack-failed` if the folder is in use, not ours, another release's, the port taken, or the
 *   server does not come up; `aborted`
 */
export async function startPostgres(options: StartPostgresOptions): Promise<RunningPostgres> {
  const { log = () => undefined } = options;
  const dir = resolve(options.dir);
  const user = chooseServerUser(options.user);
  prepareFolder(dir, POSTGRES_KIND);
  const lock = lockFolder(dir, "Postgres");
  try {
    if (await stopPostgresLeftover(dir)) log("stopped a Postgres server that an earlier run left behind");
    const binaries = reachBinaries(findPostgresBinaries(), user);
    if (options.signal?.aborted === true) throw new LedgerError("aborted", "starting Postgres was interrupted");
    const data = await prepareDataFolder({ dir, binaries, user, durable: options.durable ?? true, log });
    const { server, port } = await startOnPort({ dir, port: options.port, signal: options.signal, log }, (port) => ({
      name: "Postgres",
      command: programPath(binaries, "postgres"),
      args: [
        "-D",
        data.path,
        ...settingArgs({ ...durability(options), ...POSTGRES_SETTINGS, ...options.settings, port: String(port) }),
      ],
      env: { ...process.env, LC_ALL: "C", LANG: "C" },
      cwd: "/",
      ...(user === undefined ? {} : { uid: user.uid, gid: user.gid }),
      stop: POSTGRES_STOP,
      isReady: (pid) => isReady(data.path, pid),
    }));
    return {
      url: `postgres://postgres:${encodeURIComponent(data.password)}@127.0.0.1:${port}/postgres`,
      port,
      get pid() {
        return server.pid;
      },
      stop: async () => {
        await server.stop();
        lock.release();
      },
    };
  } catch (error) {
    lock.release();
    // Ctrl-C reaches initdb too, whose failure is then none.
    if (options.signal?.aborted === true)
      throw new LedgerError("aborted", "starting Postgres was interrupted", { cause: error });
    throw error;
  }
}

/** True once the server itself has written that it takes connections; see `postmaster.pid` in PostgreSQL's manual, 19.1. */
function isReady(data: string, pid: number): boolean {
  const lines = readLines(join(data, "postmaster.pid"));
  return lines[0] === String(pid) && lines[7]?.trim() === "ready";
}

/**
 * Ends the server of a run that could not do so itself. The lock is ours, so whoever still runs on this data has no
 * owner. A `postmaster.pid` without such a server is removed: after a restart of the machine or of a container its
 * number may be another process's, and PostgreSQL would then refuse to start.
 */
export async function stopPostgresLeftover(dir: string): Promise<boolean> {
  const isStopped = await stopLeftover(join(dir, "pid"), POSTGRES_STOP);
  const data = linkedDataFolder(dir) ?? join(dir, "data");
  const pidFile = join(data, "postmaster.pid");
  if (!existsSync(pidFile)) return isStopped;
  const identity = identifyProcess(Number(readLines(pidFile)[0]));
  const isOurs = identity !== undefined && worksIn(identity.pid, data);
  if (isOurs && !(await stopProcess(identity, POSTGRES_STOP))) {
    throw new LedgerError(
      "stack-failed",
      `the Postgres server ${identity.pid} on ${data} does not stop: end it first`,
      {
        values: { pid: identity.pid },
      },
    );
  }
  rmSync(pidFile, { force: true });
  return isStopped || isOurs;
}

/** Whether a process is a PostgreSQL server on this data: its working folder is the data folder. */
function worksIn(pid: number, data: string): boolean {
  if (process.platform !== "linux") return commandOf(pid).includes(data);
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(data);
  } catch {
    return false;
  }
}

function commandOf(pid: number): string {
  const { stdout } = spawnSync("ps", ["-o", "command=", "-p", String(pid)], { encoding: "utf8" });
  return stdout ?? "";
}

function durability({ durable = true }: StartPostgresOptions): Record<string, string> {
  return durable ? {} : { fsync: "off", synchronous_commit: "off", full_page_writes: "off" };
}

function settingArgs(settings: Readonly<Record<string, string>>): string[] {
  return Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}

function readLines(path: string): string[] {
  try {
    return readFileSync(path, "utf8").split("\n");
  } catch {
    return [];
  }
}
