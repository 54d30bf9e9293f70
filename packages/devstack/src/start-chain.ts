import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { LedgerError } from "@eventchain/core";
import { type ChainAccount, keepAccounts } from "./chain/keep-accounts.ts";
import { lockFolder } from "./files/lock-folder.ts";
import { prepareFolder } from "./files/prepare-folder.ts";
import { scriptPath } from "./files/script-path.ts";
import { startOnPort } from "./ports/start-on-port.ts";
import { stopLeftover } from "./processes/supervise-process.ts";

/** What marks a folder of `startChain`. */
export const CHAIN_KIND = "chain";

/** Hardhat's and Anvil's own chain id. */
export const LOCAL_CHAIN_ID = 31337;

/** Time between two blocks, in milliseconds. */
export const BLOCK_TIME_MS = 500;

/** Empty blocks that still follow a transaction's, so that it gets its confirmations; then the chain rests. */
export const IDLE_BLOCKS = 64;

export interface StartChainOptions {
  /** A folder of its own, made if it is not there. Default: a temporary one, removed by `stop`. */
  readonly dir?: string;
  /** Default: the port of the last time if it is free, else any free one. A port given here must be free. */
  readonly port?: number;
  /** Default 500 ms. */
  readonly blockTimeMs?: number;
  /** Default 64. */
  readonly idleBlocks?: number;
  readonly signal?: AbortSignal | undefined;
  readonly log?: (message: string) => void;
}

export interface LocalChain {
  /** `http://127.0.0.1:<port>`: JSON-RPC over HTTP. */
  readonly url: string;
  readonly port: number;
  readonly chainId: number;
  /** Ten accounts with 10,000 ether each, of this folder's chain alone. */
  readonly accounts: readonly ChainAccount[];
  /** The node's process now; undefined between its death and its restart. */
  readonly pid: number | undefined;
  /** May be called twice. */
  stop(): Promise<void>;
}

/**
 * A development chain (Hardhat's) on the loopback address, in a process of its own. It makes a block at each interval
 * while transactions wait or want confirmations, and rests otherwise. Every block is kept in `dir/blocks.jsonl` before
 * the next is made: at the next start, or when the process dies and is started again, all blocks come out with the same
 * hashes, but for the newest one if a crash came between making and keeping it. Waiting transactions are not kept.
 *
 * @throws LedgerError `stack-failed` (naming `--fresh` if the kept blocks cannot be made again), `aborted`
 */
export async function startChain(options: StartChainOptions = {}): Promise<LocalChain> {
  const { log = () => undefined, blockTimeMs = BLOCK_TIME_MS, idleBlocks = IDLE_BLOCKS } = options;
  const dir = resolve(options.dir ?? mkdtempSync(join(tmpdir(), "eventchain-chain-")));
  prepareFolder(dir, CHAIN_KIND);
  const lock = lockFolder(dir, "the local chain");
  const giveBack = (): void => {
    lock.release();
    if (options.dir === undefined) rmSync(dir, { recursive: true, force: true });
  };
  try {
    if (await stopLeftover(join(dir, "pid"))) log("stopped a local chain that an earlier run left behind");
    const accounts = keepAccounts(dir);
    const { server, port } = await startOnPort({ dir, port: options.port, signal: options.signal, log }, (port) => ({
      name: "the local chain",
      command: process.execPath,
      args: [
        scriptPath(import.meta.url, "chain/chain-process"),
        dir,
        ...[port, blockTimeMs, idleBlocks, LOCAL_CHAIN_ID].map(String),
      ],
      isReady: (pid) => readIfThere(join(dir, "ready")) === String(pid),
    }));
    const stop = async (): Promise<void> => {
      await server.stop();
      giveBack();
    };
    return {
      url: `http://127.0.0.1:${port}`,
      port,
      chainId: LOCAL_CHAIN_ID,
      accounts,
      stop,
      get pid() {
        return server.pid;
      },
    };
  } catch (error) {
    const refused = readIfThere(join(dir, "log")).trimEnd().split("\n").at(-1) ?? "";
    giveBack();
    if (refused.startsWith("refused: ") && error instanceof LedgerError && error.code === "stack-failed") {
      throw new LedgerError("stack-failed", refused.slice("refused: ".length), { values: { dir }, cause: error });
    }
    throw error;
  }
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
