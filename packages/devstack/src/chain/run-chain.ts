import type { CallNode } from "./create-network.ts";
import type { Journal, KeptBlock } from "./open-journal.ts";
import { quantity, readBlock, readHeight } from "./read-block.ts";

/** Methods that change the state between blocks; kept in the journal and called again at their place. */
export const KEPT_METHODS: ReadonlySet<string> = new Set([
  "evm_setBlockGasLimit",
  "hardhat_impersonateAccount",
  "hardhat_setBalance",
  "hardhat_setCode",
  "hardhat_setCoinbase",
  "hardhat_setMinGasPrice",
  "hardhat_setNextBlockBaseFeePerGas",
  "hardhat_setNonce",
  "hardhat_setPrevRandao",
  "hardhat_setStorageAt",
  "hardhat_stopImpersonatingAccount",
]);

const TOUCHING = /^(?:eth_send|evm_|hardhat_)/;

export interface ChainOptions {
  readonly call: CallNode;
  readonly journal: Journal;
  /** Empty blocks that follow one with a transaction before the chain rests. */
  readonly idleBlocks: number;
  /** Seconds since 1970. */
  readonly nowSeconds: () => number;
}

export interface RunningChain {
  /** Answers a request; whatever it changes is in the journal, on disk, before the answer. */
  request: CallNode;
  /** Makes a block if transactions wait for one, or if a recent one still wants confirmations. */
  tick(): Promise<void>;
}

/**
 * A chain whose blocks are all in the journal.
 *
 * Everything that may change it is done one at a time:
 * 1. it is done in the node, where readers see it at once;
 * 2. the journal follows: cut back to what the chain still has, the new blocks added, durable.
 * A crash between the two loses the newest block, which nobody may call final yet: its senders send it again.
 */
export function runChain({ call, journal, idleBlocks, nowSeconds }: ChainOptions): RunningChain {
  let queue: Promise<unknown> = Promise.resolve();
  // How far the chain's clock is ahead of ours because somebody moved it, in seconds.
  let aheadSeconds = 0;
  let isNextTimePinned = false;
  const marks = new Map<string, number>();

  const exclusively = <T>(step: () => Promise<T>): Promise<T> => {
    const done = queue.then(step);
    queue = done.catch(() => undefined);
    return done;
  };

  const mine = async (): Promise<void> => {
    const time = Math.max(nowSeconds() + aheadSeconds, lastBlock(journal)?.timeSeconds ?? 0);
    await call("evm_mine", isNextTimePinned ? [] : [quantity(time)]);
    isNextTimePinned = false;
  };

  const follow = async (): Promise<void> => {
    const height = await readHeight(call);
    await cutToChain(call, journal, height);
    for (let next = (lastBlock(journal)?.block ?? 0) + 1; next <= height; next++) {
      const block = await readBlock(call, next);
      if (block === undefined) return;
      journal.append(block);
      const drift = block.timeSeconds - nowSeconds();
      if (Math.abs(drift - aheadSeconds) > 1) aheadSeconds = Math.max(drift, 0);
    }
  };

  const touch = async (method: string, params: readonly unknown[]): Promise<unknown> => {
    if (method === "evm_mine" && params.length === 0) {
      await mine();
      return "0x0";
    }
    const result = await call(method, params);
    if (KEPT_METHODS.has(method)) journal.append({ call: method, params });
    if (method === "evm_increaseTime") aheadSeconds += Number(params[0]);
    if (method === "evm_setNextBlockTimestamp") isNextTimePinned = true;
    if (method === "evm_snapshot") marks.set(String(result), journal.entries.length);
    if (method === "hardhat_reset") journal.cut(0);
    if (method === "evm_revert" && result === true) journal.cut(marks.get(String(params[0])) ?? journal.entries.length);
    return result;
  };

  return {
    request: (method, params = []) => {
      if (!TOUCHING.test(method)) return call(method, params);
      return exclusively(async () => {
        try {
          return await touch(method, params);
        } finally {
          await follow();
        }
      });
    },
    tick: () =>
      exclusively(async () => {
        await follow();
        const waiting = (await call("eth_pendingTransactions")) as readonly unknown[];
        if (waiting.length === 0 && blocksSinceTransaction(journal, idleBlocks) >= idleBlocks) return;
        await mine();
        await follow();
      }),
  };
}

/** Drops from the journal what the chain no longer has: somebody took it back to an earlier block. */
async function cutToChain(call: CallNode, journal: Journal, height: number): Promise<void> {
  let count = journal.entries.length;
  for (let index = count - 1; index >= 0; index--) {
    const entry = journal.entries[index];
    if (entry === undefined || "call" in entry) continue;
    if (entry.block <= height && (await readBlock(call, entry.block))?.hash === entry.hash) break;
    count = index;
  }
  if (count < journal.entries.length) journal.cut(count);
}

function lastBlock(journal: Journal): KeptBlock | undefined {
  const entry = journal.entries.findLast((each) => "block" in each);
  return entry as KeptBlock | undefined;
}

function blocksSinceTransaction(journal: Journal, limit: number): number {
  let blocks = 0;
  for (let index = journal.entries.length - 1; index >= 0 && blocks < limit; index--) {
    const entry = journal.entries[index];
    if (entry === undefined || "call" in entry) continue;
    if (entry.transactions !== undefined) return blocks;
    blocks += 1;
  }
  return limit;
}
