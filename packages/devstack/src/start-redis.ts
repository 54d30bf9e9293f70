import { rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { keepPassword } from "./files/keep-password.ts";
import { lockFolder } from "./files/lock-folder.ts";
import { prepareFolder } from "./files/prepare-folder.ts";
import { startOnPort } from "./ports/start-on-port.ts";
import { stopLeftover } from "./processes/supervise-process.ts";
import { findRedis } from "./redis/find-redis.ts";
import { pingRedis } from "./redis/ping-redis.ts";

/** What marks a folder of `startRedis`. */
export const REDIS_KIND = "redis";

export interface StartRedisOptions {
  /** A folder of its own; made if it is not there. */
  readonly dir: string;
  /** Default: the port of the last time if it is free, else any free one. A port given here must be free. */
  readonly port?: number;
  readonly signal?: AbortSignal | undefined;
  readonly log?: (message: string) => void;
}

export interface RunningRedis {
  /** `redis://default:<password>@127.0.0.1:<port>`. */
  readonly url: string;
  readonly port: number;
  /** The server's process now; undefined between its death and its restart. */
  readonly pid: number | undefined;
  /** May be called twice. */
  stop(): Promise<void>;
}

/**
 * A private Redis (or Valkey) on the loopback address, if one is installed: a password of its own
 * in files of mode 0600, and nothing else kept on disk, since a queue holds only hints. A server that dies is
 * started again, empty, on the same port. It ends with this process, whatever ends that.
 *
 * @returns undefined if neither `redis-server` nor `valkey-server` is on the search path
 * @throws LedgerError `stack-failed`, `aborted`
 */
export async function startRedis(options: StartRedisOptions): Promise<RunningRedis | undefined> {
  const { log = () => undefined } = options;
  const command = findRedis();
  if (command === undefined) return undefined;
  const dir = resolve(options.dir);
  prepareFolder(dir, REDIS_KIND);
  const lock = lockFolder(dir, "Redis");
  try {
    if (await stopLeftover(join(dir, "pid"))) log("stopped a Redis server that an earlier run left behind");
    const password = keepPassword(dir);
    const { server, port } = await startOnPort({ dir, port: options.port, signal: options.signal, log }, (port) => ({
      name: "Redis",
      command,
      args: [writeConfig(dir, port, password)],
      cwd: dir,
      isReady: () => pingRedis(port, password),
    }));
    return {
      url: `redis://default:${password}@127.0.0.1:${port}`,
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
    throw error;
  }
}

function writeConfig(dir: string, port: number, password: string): string {
  const path = join(dir, "redis.conf");
  const lines = [
    "bind 127.0.0.1",
    "protected-mode yes",
    `port ${port}`,
    `requirepass ${password}`,
    "daemonize no",
    'save ""',
    "appendonly no",
    // BullMQ asks for it: a hint that is thrown away in silence would wait for the next tick.
    "maxmemory-policy noeviction",
    "databases 1",
    "loglevel notice",
  ];
  rmSync(path, { force: true });
  writeFileSync(path, `${lines.join("\n")}\n`, { mode: 0o600 });
  return path;
}
