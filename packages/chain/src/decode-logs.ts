import { Interface, type LogDescription } from "ethers";
import { anchorRegistryAbi } from "./generated/anchor-registry.ts";
import { asBigint, asFields, asHash, asHex, asList, badAnswer } from "./read-answer.ts";
import type { AnchoredLog, OpenedLog, SupersededLog } from "./types.ts";

export const registryInterface: Interface = new Interface(anchorRegistryAbi);

/** The format's event of a replaced head. This version of the contract never emits it; a later one at another address may. */
const supersededInterface = new Interface([
  "event Superseded(bytes32 indexed ledgerId, uint32 epoch, uint64 oldSize, bytes32 oldRoot, uint64 size, bytes32 root, string reason)",
]);

function topicOf(abi: Interface, event: string): string {
  const fragment = abi.getEvent(event);
  if (fragment === null) throw new Error(`no event ${event} in the contract's interface`);
  return fragment.topicHash;
}

/** The first topic of each event. */
export const TOPICS: Readonly<Record<"opened" | "anchored" | "superseded", string>> = {
  opened: topicOf(registryInterface, "Opened"),
  anchored: topicOf(registryInterface, "Anchored"),
  superseded: topicOf(supersededInterface, "Superseded"),
};

/** A log as the node gives it, with its shape checked. */
export interface RawLog {
  contract: string;
  topics: readonly string[];
  data: string;
  txHash: string;
  blockNumber: bigint;
  blockHash: string;
}

export function asRawLog(value: unknown): RawLog {
  const log = asFields(value, "a log");
  return {
    contract: asHex(log.address, "a log's address"),
    topics: asList(log.topics, "a log's topics").map((topic) => asHash(topic, "a log's topic")),
    data: asHex(log.data, "a log's data"),
    txHash: asHash(log.transactionHash, "a log's transaction"),
    blockNumber: asBigint(log.blockNumber, "a log's block number"),
    blockHash: asHash(log.blockHash, "a log's block hash"),
  };
}

/** undefined: the log is not of this event, or of another contract's that shares its name but not its form. */
function parse(abi: Interface, topic: string, log: RawLog): LogDescription["args"] | undefined {
  if (log.topics[0] !== topic) return undefined;
  try {
    const args = abi.parseLog({ topics: [...log.topics], data: log.data })?.args;
    // ethers puts off what fails to decode until it is read: read it all here.
    args?.toArray();
    return args;
  } catch {
    return undefined;
  }
}

const placeOf = ({ txHash, blockNumber, blockHash }: RawLog): Pick<RawLog, "txHash" | "blockNumber" | "blockHash"> => ({
  txHash,
  blockNumber,
  blockHash,
});

export function decodeAnchored(log: RawLog): AnchoredLog | undefined {
  const args = parse(registryInterface, TOPICS.anchored, log);
  if (args === undefined) return undefined;
  const { ledgerId, epoch, fromSize, size, root } = args;
  return { contract: log.contract, ledgerId, epoch, fromSize, size, root, ...placeOf(log) };
}

export function decodeSuperseded(log: RawLog): SupersededLog | undefined {
  const args = parse(supersededInterface, TOPICS.superseded, log);
  if (args === undefined) return undefined;
  const { ledgerId, epoch, oldSize, oldRoot, size, root, reason } = args;
  return { contract: log.contract, ledgerId, epoch, oldSize, oldRoot, size, root, reason, ...placeOf(log) };
}

export function decodeOpened(log: RawLog): OpenedLog | undefined {
  const args = parse(registryInterface, TOPICS.opened, log);
  if (args === undefined) return undefined;
  const { ledgerId, opener, origin } = args;
  return { ledgerId, opener: opener.toLowerCase(), origin, ...placeOf(log) };
}

/** For logs that were asked for by contract and topic: one that does not decode is the node's fault. */
export function decodeAll<T>(logs: readonly RawLog[], decode: (log: RawLog) => T | undefined): T[] {
  return logs.map((log) => {
    const decoded = decode(log);
    if (decoded === undefined) throw badAnswer("a log that was not asked for");
    return decoded;
  });
}
