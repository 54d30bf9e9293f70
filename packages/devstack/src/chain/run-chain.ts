import type { CallNode } from "./create-network.ts";
import type { Journal, KeptBlock } from "./open-journal.ts";
import { quantity, readBlock, readHeight } from "./read-block.ts";

/** Methods that change the state between blocks; kept in the journal and called again at their place. */
const KEPT_METHODS: ReadonlySet<string> = new Set([
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
export function runChain(options: ChainOptions): RunningChain {
  const runner = new ChainRunner(options);
  return {
    request: (method, params = []) => {
      if (!TOUCHING.test(method)) return options.call(method, params);
      return runner.exclusively(() => runner.change(method, params));
    },
    tick: () => runner.exclusively(() => runner.produce()),
  };
}

class ChainRunner {
  readonly #call: CallNode;
  readonly #journal: Journal;
  readonly #options: ChainOptions;
  /** How many entries the journal had when a snapshot was taken, by the snapshot's id. */
  readonly #marks = new Map<string, number>();
  #queue: Promise<unknown> = Promise.resolve();
  /** How far the chain's clock is ahead of ours because somebody moved it, in seconds. */
  #aheadSeconds = 0;
  #isNextTimePinned = false;

  constructor(options: ChainOptions) {
    this.#options = options;
    this.#call = options.call;
    this.#journal = options.journal;
  }

  exclusively<T>(step: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(step);
    this.#queue = done.catch(() => undefined);
    return done;
  }

  async change(method: string, params: readonly unknown[]): Promise<unknown> {
    try {
      return await this.#apply(method, params);
    } finally {
      await this.#follow();
    }
  }

  async produce(): Promise<void> {
    await this.#follow();
    const { idleBlocks } = this.#options;
    const waiting = (await this.#call("eth_pendingTransactions")) as readonly unknown[];
    if (waiting.length === 0 && blocksSinceTransaction(this.#journal, idleBlocks) >= idleBlocks) return;
    await this.#mine();
    await this.#follow();
  }

  async #apply(method: string, params: readonly unknown[]): Promise<unknown> {
    if (method === "evm_mine" && params.length === 0) {
      await this.#mine();
      return "0x0";
    }
    if (method === "hardhat_mine") {
      await this.#mineMany(Number(params[0] ?? 1), Number(params[1] ?? 1));
      return true;
    }
    const result = await this.#call(method, params);
    if (KEPT_METHODS.has(method)) this.#journal.append({ call: method, params });
    if (method === "evm_increaseTime") this.#aheadSeconds += Number(params[0]);
    if (method === "evm_setNextBlockTimestamp") this.#isNextTimePinned = true;
    if (method === "evm_snapshot") this.#marks.set(String(result), this.#journal.entries.length);
    if (method === "hardhat_reset") this.#journal.cut(0);
    if (method === "evm_revert" && result === true) {
      this.#journal.cut(this.#marks.get(String(params[0])) ?? this.#journal.entries.length);
    }
    return result;
  }

  async #mine(): Promise<void> {
    const time = Math.max(this.#options.nowSeconds() + this.#aheadSeconds, lastBlock(this.#journal)?.timeSeconds ?? 0);
    await this.#call("evm_mine", this.#isNextTimePinned ? [] : [quantity(time)]);
    this.#isNextTimePinned = false;
  }

  /** The node's own way of mining many leaves out what lies between; one by one they can be made again. */
  async #mineMany(count: number, intervalSeconds: number): Promise<void> {
    if (count < 1) return;
    await this.#mine();
    let time = (await readBlock(this.#call, await readHeight(this.#call)))?.timeSeconds ?? this.#options.nowSeconds();
    for (let made = 1; made < count; made++) {
      time += intervalSeconds;
      await this.#call("evm_mine", [quantity(time)]);
    }
  }

  /** Brings the journal to where the chain is. */
  async #follow(): Promise<void> {
    const height = await readHeight(this.#call);
    await cutToChain(this.#call, this.#journal, height);
    for (let next = (lastBlock(this.#journal)?.block ?? 0) + 1; next <= height; next++) {
      const block = await readBlock(this.#call, next);
      if (block === undefined) return;
      this.#journal.append(block);
      const drift = block.timeSeconds - this.#options.nowSeconds();
      if (Math.abs(drift - this.#aheadSeconds) > 1) this.#aheadSeconds = Math.max(drift, 0);
    }
  }
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
