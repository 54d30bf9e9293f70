import { NodeError, type Rpc } from "./call-rpc.ts";
import { asRawLog, type RawLog } from "./decode-logs.ts";
import { asFields, asList, badAnswer, quantity } from "./read-answer.ts";
import { readBlock } from "./read-block.ts";
import type { BlockRange } from "./types.ts";

export interface LogQuery {
  contract: string;
  /** One for each topic in turn; null: any. */
  topics: readonly (string | null)[];
}

/**
 * All logs of a contract in a range of blocks, in the chain's order.
 *
 * Asks for the whole range at once. Many nodes limit how many blocks or logs they look through, each in its own words and
 * numbers, so whatever error a node answers halves the range, and the smaller step is kept for the rest. An error for a
 * single block is passed on.
 */
export async function findLogs(rpc: Rpc, query: LogQuery, range: BlockRange = {}): Promise<RawLog[]> {
  const to = range.toBlock ?? (await readBlock(rpc, "latest"))?.number;
  if (to === undefined) throw badAnswer("no latest block");
  const found: RawLog[] = [];
  let from = range.fromBlock ?? 0n;
  let step = to - from + 1n;
  while (from <= to) {
    const end = from + step - 1n < to ? from + step - 1n : to;
    try {
      found.push(...(await findLogsOnce(rpc, query, from, end)));
      from = end + 1n;
    } catch (error) {
      if (!(error instanceof NodeError) || end === from) throw error;
      step = (end - from + 1n) / 2n;
    }
  }
  return found;
}

async function findLogsOnce(rpc: Rpc, query: LogQuery, from: bigint, to: bigint): Promise<RawLog[]> {
  const filter = { address: query.contract, topics: query.topics, fromBlock: quantity(from), toBlock: quantity(to) };
  const answer = asList(await rpc.call("eth_getLogs", [filter]), "logs");
  const logs = answer.filter((log) => asFields(log, "a log").removed !== true).map(asRawLog);
  for (const log of logs) {
    const fits = query.topics.every((topic, index) => topic === null || log.topics[index] === topic);
    if (log.contract !== query.contract || !fits) throw badAnswer("a log that was not asked for");
  }
  return logs;
}
