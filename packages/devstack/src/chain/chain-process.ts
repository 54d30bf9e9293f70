// The local chain's process: `chain-process DIR PORT BLOCK_TIME_MS IDLE_BLOCKS CHAIN_ID`. Its folder holds the accounts' keys
// and the journal; `DIR/ready` holds its number once it answers. It ends with code 1 and one line on standard error if it
// cannot go on, and is then started again: the journal is what counts, not what this process has in memory.
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LedgerError } from "@eventchain/core";
import { createNetwork, genesisOf } from "./create-network.ts";
import { keepAccounts } from "./keep-accounts.ts";
import { type Journal, openJournal } from "./open-journal.ts";
import { replayJournal } from "./replay-journal.ts";
import { type RunningChain, runChain } from "./run-chain.ts";
import { serveRpc } from "./serve-rpc.ts";

const nowSeconds = (): number => Math.floor(Date.now() / 1000);

try {
  await main();
} catch (error) {
  console.error(error instanceof LedgerError ? `refused: ${error.message}` : error);
  process.exit(1);
}

async function main(): Promise<void> {
  const [dir = ".", port, blockTimeMs, idleBlocks, chainId] = process.argv.slice(2);
  const readyFile = join(dir, "ready");
  rmSync(readyFile, { force: true });
  const journal = openJournal(join(dir, "blocks.jsonl"));
  const chain = await continueChain(dir, journal, { chainId: Number(chainId), idleBlocks: Number(idleBlocks) });
  const server = await serveRpc(chain.request, Number(port));
  writeFileSync(readyFile, String(process.pid));
  const stop = produceBlocks(chain, Number(blockTimeMs));
  const end = async (): Promise<void> => {
    await stop();
    server.close();
    journal.close();
    process.exit(0);
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => void end());
}

async function continueChain(
  dir: string,
  journal: Journal,
  options: { chainId: number; idleBlocks: number },
): Promise<RunningChain> {
  const accounts = keepAccounts(dir);
  const { origin } = journal;
  const first = origin ?? { chainId: options.chainId, timeSeconds: nowSeconds() };
  const { call, hardfork } = await createNetwork({ ...first, accounts });
  const genesis = await genesisOf(call);
  if (origin === undefined) {
    journal.begin({ format: 1, chainId: options.chainId, hardfork, timeSeconds: first.timeSeconds, genesis });
  } else if (origin.genesis !== genesis || origin.chainId !== options.chainId) {
    throw new LedgerError(
      "stack-failed",
      "the local chain cannot be continued: its first block does not come out as it was; start with --fresh, which makes a new chain and new ledgers",
    );
  }
  await replayJournal(call, journal.entries);
  return runChain({ call, journal, idleBlocks: options.idleBlocks, nowSeconds });
}

/** Looks for transactions at each interval; the returned function waits for the block at hand. */
function produceBlocks(chain: RunningChain, blockTimeMs: number): () => Promise<void> {
  let last: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    last = last.then(() => chain.tick());
    last.catch((error: unknown) => {
      console.error(error);
      process.exit(1);
    });
  }, blockTimeMs);
  return async () => {
    clearInterval(timer);
    await last;
  };
}
