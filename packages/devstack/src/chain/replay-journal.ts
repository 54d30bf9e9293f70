import { LedgerError } from "@eventchain/core";
import type { CallNode } from "./create-network.ts";
import type { JournalEntry, KeptBlock } from "./open-journal.ts";
import { quantity, readBlock } from "./read-block.ts";

/** A run of empty blocks is compared with the journal at each of these at the latest. */
const CHECK_EVERY = 256;

/**
 * Makes the kept blocks again: the same transactions in the same order, at the same times. Each hash covers the one
 * before it, so a block's hash answers for all blocks up to it.
 *
 * @throws LedgerError `stack-failed` naming `--fresh` if a block comes out otherwise
 */
export async function replayJournal(call: CallNode, entries: readonly JournalEntry[]): Promise<void> {
  let last: KeptBlock | undefined;
  for (const entry of entries) {
    if ("call" in entry) {
      await call(entry.call, entry.params);
      continue;
    }
    last = entry;
    await replayBlock(call, entry);
    if (entry.transactions !== undefined || entry.block % CHECK_EVERY === 0) await checkBlock(call, entry);
  }
  if (last !== undefined) await checkBlock(call, last);
}

async function replayBlock(call: CallNode, kept: KeptBlock): Promise<void> {
  try {
    for (const transaction of kept.transactions ?? []) {
      if (typeof transaction === "string") await call("eth_sendRawTransaction", [transaction]);
      else await call("eth_sendTransaction", [transaction]);
    }
    await call("evm_mine", [quantity(kept.timeSeconds)]);
  } catch (cause) {
    throw cannotContinue(kept.block, cause);
  }
}

async function checkBlock(call: CallNode, kept: KeptBlock): Promise<void> {
  const block = await readBlock(call, kept.block);
  if (block?.hash !== kept.hash) throw cannotContinue(kept.block, undefined);
}

function cannotContinue(block: number, cause: unknown): LedgerError {
  return new LedgerError(
    "stack-failed",
    `the local chain cannot be continued: block ${block} does not come out as it was; start with --fresh, which makes a new chain and new ledgers`,
    { values: { block }, ...(cause === undefined ? {} : { cause }) },
  );
}
