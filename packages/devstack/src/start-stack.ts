import { join, resolve } from "node:path";
import { connectChain } from "@eventchain/chain";
import { LedgerError } from "@eventchain/core";
import type { ChainAccount } from "./chain/keep-accounts.ts";
import { type FolderLock, lockFolder } from "./files/lock-folder.ts";
import { makeFolder } from "./files/make-folder.ts";
import { letPass } from "./files/prepare-folder.ts";
import { type LocalChain, startChain } from "./start-chain.ts";
import { startPostgres } from "./start-postgres.ts";
import { startRedis } from "./start-redis.ts";
import { wipeStack } from "./wipe-stack.ts";

export interface StartStackOptions {
  /** The stack's folder, made if it is not there: `postgres/`, `redis/`, `chain/`, and a lock while it runs. */
  readonly dir: string;
  /** A database to use in place of a local Postgres. */
  readonly databaseUrl?: string | undefined;
  /** A Redis to use in place of a private one; null for none at all. */
  readonly redisUrl?: string | null | undefined;
  /** A chain's node to use in place of a local chain. */
  readonly rpcUrl?: string | undefined;
  /** Ports to take; by default those of the last time if they are free, else any free ones. */
  readonly ports?: { readonly postgres?: number; readonly redis?: number; readonly chain?: number };
  /** Time between two blocks of a local chain, in milliseconds. Default 500. */
  readonly blockTimeMs?: number;
  /** Throw away what an earlier stack kept in this folder. Nothing else is touched. */
  readonly fresh?: boolean;
  /** Interrupts the start: everything that runs already is stopped. */
  readonly signal?: AbortSignal | undefined;
  readonly log?: (message: string) => void;
}

export interface Stack {
  readonly databaseUrl: string;
  /** null: no Redis, so that BullMQ's Postgres backend in the same database is to be used. */
  readonly redisUrl: string | null;
  readonly rpcUrl: string;
  readonly chainId: bigint;
  /** The local chain's accounts with a balance; none if the chain is somebody else's. */
  readonly accounts: readonly ChainAccount[];
  /** The servers' processes that this stack started, for a look from outside. */
  pids(): readonly number[];
  /** Stops what was started, the database last. May be called twice. */
  stop(): Promise<void>;
}

interface Server {
  readonly pid: number | undefined;
  stop(): Promise<void>;
}

/**
 * Starts what no URL names: Postgres, Redis where one is installed, a local chain; each with its data of the last time in
 * `dir`. One stack at a time has a folder. Servers that a crashed run left there are stopped first; servers that die are
 * started again; all of them end with this process, whatever ends that.
 *
 * @throws LedgerError `config-invalid` if the folder cannot be made, `stack-failed` (naming `--fresh` where the data cannot be continued), `aborted`,
 *   `chain-unavailable` if the node of `rpcUrl` does not answer. Nothing is left running then.
 */
export async function startStack(options: StartStackOptions): Promise<Stack> {
  const dir = resolve(options.dir);
  await makeFolder(dir);
  if (process.getuid?.() === 0) letPass(dir);
  const lock = lockFolder(dir, "the stack");
  try {
    if (options.fresh === true) await wipeStack(dir);
    return await startAll({ ...options, dir }, lock);
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function startAll(options: StartStackOptions, lock: FolderLock): Promise<Stack> {
  const { dir, databaseUrl, redisUrl, rpcUrl, ports = {}, log = () => undefined } = options;
  const failed = new AbortController();
  const signal = options.signal === undefined ? failed.signal : AbortSignal.any([options.signal, failed.signal]);
  const servers = { postgres: undefined as Server | undefined, others: [] as Server[] };
  const common = (name: "postgres" | "redis" | "chain") => ({
    dir: join(dir, name),
    signal,
    log,
    ...(ports[name] === undefined ? {} : { port: ports[name] }),
  });

  const database = async (): Promise<string> => {
    if (databaseUrl !== undefined) return databaseUrl;
    const postgres = await startPostgres(common("postgres"));
    servers.postgres = postgres;
    return postgres.url;
  };
  const redis = async (): Promise<string | null> => {
    if (redisUrl !== undefined) return redisUrl;
    const server = await startRedis(common("redis"));
    if (server !== undefined) servers.others.push(server);
    return server?.url ?? null;
  };
  const chain = async (): Promise<ChainPart> => {
    if (rpcUrl !== undefined) return { rpcUrl, chainId: await chainIdOf(rpcUrl), accounts: [] };
    const { blockTimeMs } = options;
    const local = await startChain({ ...common("chain"), ...(blockTimeMs === undefined ? {} : { blockTimeMs }) });
    servers.others.push(local);
    return partOf(local);
  };
  const stopServers = async (): Promise<void> => {
    await Promise.all(servers.others.map((server) => server.stop()));
    await servers.postgres?.stop();
  };

  // The first failure ends the starting of the others; only then is it thrown, with nothing left behind.
  let failure: unknown;
  const tried = async <T>(start: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await start();
    } catch (error) {
      if (!failed.signal.aborted) failure = error;
      failed.abort();
      return undefined;
    }
  };
  const [foundDatabase, foundRedis, foundChain] = await Promise.all([tried(database), tried(redis), tried(chain)]);
  if (foundDatabase === undefined || foundRedis === undefined || foundChain === undefined || signal.aborted) {
    await stopServers();
    throw failure ?? new LedgerError("aborted", "starting the stack was interrupted");
  }

  let stopped: Promise<void> | undefined;
  return {
    databaseUrl: foundDatabase,
    redisUrl: foundRedis,
    ...foundChain,
    pids: () => [servers.postgres, ...servers.others].flatMap((server) => server?.pid ?? []),
    stop: () => {
      stopped ??= stopServers().finally(() => lock.release());
      return stopped;
    },
  };
}

type ChainPart = Pick<Stack, "rpcUrl" | "chainId" | "accounts">;

function partOf({ url, chainId, accounts }: LocalChain): ChainPart {
  return { rpcUrl: url, chainId: BigInt(chainId), accounts };
}

async function chainIdOf(rpcUrl: string): Promise<bigint> {
  const chain = connectChain({ rpcUrl });
  try {
    return await chain.chainId();
  } finally {
    chain.close();
  }
}
