import { readdir, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { LedgerError } from "@eventchain/core";
import { type Stack, startStack } from "@eventchain/devstack";
import { type ServerKind, withoutSecrets } from "../frame/check-url.ts";
import { type CommandContext, givenContract } from "../frame/context.ts";
import { findConfig } from "../frame/load-config.ts";
import { reachServer } from "../frame/reach-server.ts";
import type { Settings } from "../frame/settings.ts";
import { removeStack, type StackFile, writeStack } from "../frame/stack-file.ts";
import { announce } from "./announce.ts";
import { keepKeys } from "./keep-keys.ts";
import { prepareFolder } from "./prepare-folder.ts";
import { type Prepared, prepareLedgers } from "./prepare-ledgers.ts";
import { startWorkers } from "./start-workers.ts";

export interface UpInput {
  /** Origins; none: those that DIR has, else `localhost/main`. */
  readonly ledgers: readonly string[];
  /** The first of the ports to take: Postgres has the second, the queue the third, the chain the fourth. */
  readonly port: number | undefined;
  readonly fresh: boolean;
}

/** What `up` keeps in DIR beside the servers' own folders; `--fresh` throws it away. */
const keptFiles = /^((seal|anchor|owner)\.key|deployment\.json|trust(-.*)?\.json|guard)$/;

/**
 * Starts everything, says so, and returns once the signal has come and everything is stopped.
 *
 * 1. Servers, under the lock of DIR. A restart finds their data again.
 * 2. With `fresh`: what an earlier `up` kept is gone. A crash before that leaves keys of a chain that is gone, which the
 *    next start refuses, naming `--fresh`.
 * 3. Keys. A restart keeps those that are there.
 * 4. Tables, contract, ledgers and trust roots: see `prepareLedgers`; a restart repeats what was not finished.
 * 5. Workers.
 * 6. `stack.json`: from now on other commands find the stack. It is removed first when stopping; one that a crash left
 *    behind counts for nothing, since its process is gone.
 */
export async function runUp(context: CommandContext, input: UpInput): Promise<void> {
  const { settings, output, signal } = context;
  const dir = resolve(settings.dir);
  const log = (message: string): void => output.note(`up: ${message}`);
  const contract = givenContract(settings);
  const config = await findConfig(settings);
  await prepareFolder(dir);
  const given = await reachGiven(context, input);
  const stack = await startStack({ dir, ...given, ports: portsFrom(input.port), fresh: input.fresh, signal, log });
  context.onClose(() => stack.stop());
  if (input.fresh) await throwAway(dir);

  const keys = await keepKeys(dir, settings.env, stack.accounts);
  const prepared = await prepareLedgers({
    dir,
    stack,
    keys,
    ledgers: input.ledgers,
    contract,
    log,
  });
  signal.throwIfAborted();
  const workers = await startWorkers({ dir, stack, keys, config, env: settings.env, signal, log });
  context.onClose(() => workers.stop());

  const file = describeStack(settings, stack, prepared);
  context.onClose(() => removeStack(dir));
  await writeStack(dir, file);
  const words = (detached: boolean): string =>
    announce(file, { dir: settings.dir, trustPaths: prepared.trustPaths, detached });
  context.tellParent({ ready: { stack: file, words: words(true) } });
  await output.document(file, () => words(false));
  await untilAborted(signal);
  log("stopping");
}

/** The servers that are named, each of which must answer. */
async function reachGiven(
  context: CommandContext,
  input: UpInput,
): Promise<Pick<Parameters<typeof startStack>[0], "databaseUrl" | "redisUrl" | "rpcUrl">> {
  const { settings } = context;
  const [database, redis, rpc] = [settings.given("database"), settings.given("redis"), settings.given("rpc")];
  if (input.fresh && database !== undefined) {
    const message = `--fresh does not empty the database of ${database.source}: name another, empty one, or leave --fresh out`;
    throw new LedgerError("invalid-argument", message);
  }
  if (database !== undefined) await reachServer("database", database);
  if (redis !== undefined) await reachServer("redis", redis);
  if (rpc !== undefined) (await context.chain()).close();
  return { databaseUrl: database?.text, redisUrl: redis?.text, rpcUrl: rpc?.text };
}

function portsFrom(first: number | undefined): { postgres?: number; redis?: number; chain?: number } {
  return first === undefined ? {} : { postgres: first + 1, redis: first + 2, chain: first + 3 };
}

async function throwAway(dir: string): Promise<void> {
  for (const name of await readdir(dir)) {
    if (keptFiles.test(name)) await rm(join(dir, name), { recursive: true, force: true });
  }
}

/** Secrets of servers that are somebody else's are not written down: their URLs are to be named again. */
function describeStack(settings: Settings, stack: Stack, { contract, ledgers }: Prepared): StackFile {
  const told = (kind: ServerKind, url: string): string =>
    settings.given(kind) === undefined ? url : withoutSecrets(kind, url);
  return {
    databaseUrl: told("database", stack.databaseUrl),
    redisUrl: stack.redisUrl === null ? null : told("redis", stack.redisUrl),
    rpcUrl: told("rpc", stack.rpcUrl),
    chainId: `${stack.chainId}`,
    contract,
    consoleUrl: null,
    ledgers,
    pid: process.pid,
  };
}

async function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  // A listener on a signal does not keep the process alive; its servers' pipes might not either.
  const alive = setInterval(() => undefined, 2 ** 30);
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  clearInterval(alive);
}
