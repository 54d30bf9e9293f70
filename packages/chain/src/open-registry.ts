import { checkOrigin, LedgerError, onchainLedgerId, parseAddress } from "@eventchain/core";
import { callContract, estimateGas, notARegistry } from "./call-contract.ts";
import type { Rpc } from "./call-rpc.ts";
import {
  decodeAll,
  decodeAnchored,
  decodeOpened,
  decodeSuperseded,
  type RawLog,
  registryInterface,
  TOPICS,
} from "./decode-logs.ts";
import { findLogs } from "./find-logs.ts";
import { addressOf } from "./private-key.ts";
import { badAnswer } from "./read-answer.ts";
import { type Mined, type SendOptions, sendTransaction } from "./send-transaction.ts";
import { signAnchor } from "./sign-anchor.ts";
import type { BlockRange, Chain, OnChainHead, OpenedLog, Registry } from "./types.ts";

const NO_ADDRESS = `0x${"0".repeat(40)}`;

export interface RegistryDeps {
  rpc: Rpc;
  chain: Pick<Chain, "chainId" | "nonce" | "fees" | "sendRaw" | "receipt">;
  send: SendOptions;
}

/** Throws "invalid-argument" for what is not an address. Asks nothing of the node yet. */
export function openRegistry(deps: RegistryDeps, contract: string): Registry {
  const address = parseAddress(contract);
  const head = (ledgerId: string): ReturnType<Registry["head"]> => readHead(deps.rpc, address, ledgerId);
  const logs = (topics: (string | null)[], range?: BlockRange): Promise<RawLog[]> =>
    findLogs(deps.rpc, { contract: address, topics }, range);

  async function opened(filter: { owner?: string; opener?: string } = {}): Promise<OpenedLog[]> {
    const topics = [TOPICS.opened, null, ...(filter.opener === undefined ? [] : [addressTopic(filter.opener)])];
    const all = decodeAll(await logs(topics), decodeOpened);
    if (filter.owner === undefined) return all;
    const owner = parseAddress(filter.owner);
    const owned: OpenedLog[] = [];
    for (const ledger of all) {
      const now = await head(ledger.ledgerId);
      if (!("kind" in now) && now.owner === owner) owned.push(ledger);
    }
    return owned;
  }

  async function transact(key: string, name: string, args: readonly unknown[]): Promise<Mined> {
    const data = registryInterface.encodeFunctionData(name, args);
    const gas = await estimateGas(deps.rpc, { from: addressOf(key), to: address, data });
    // A quarter more: what it costs may change until it is mined.
    return sendTransaction(deps.chain, { to: address, data, gasLimit: gas + gas / 4n, key }, deps.send);
  }

  return {
    address,
    head,
    anchors: async (ledgerId, range) =>
      decodeAll(await logs([TOPICS.anchored, idTopic(ledgerId)], range), decodeAnchored),
    supersessions: async (ledgerId, range) =>
      decodeAll(await logs([TOPICS.superseded, idTopic(ledgerId)], range), decodeSuperseded),
    opened,
    async open({ origin, anchorer, key }) {
      checkOrigin(origin);
      const ledgerId = onchainLedgerId(addressOf(key), origin);
      const anchoredBy = parseAddress(anchorer);
      if ("kind" in (await head(ledgerId))) {
        try {
          const { txHash, blockNumber } = await transact(key, "open", [origin, anchoredBy]);
          return { ledgerId, txHash, blockNumber };
        } catch (error) {
          // Somebody with the same key was faster: then it is open.
          if (!(error instanceof LedgerError && error.code === "chain-reverted") || "kind" in (await head(ledgerId))) {
            throw error;
          }
        }
      }
      const [first] = decodeAll(await logs([TOPICS.opened, idTopic(ledgerId)]), decodeOpened);
      if (first === undefined) throw badAnswer("a ledger without its Opened log");
      return { ledgerId, txHash: first.txHash, blockNumber: first.blockNumber };
    },
    async setAnchorer({ ledgerId, anchorer, key }) {
      const { txHash, blockNumber } = await transact(key, "setAnchorer", [idTopic(ledgerId), parseAddress(anchorer)]);
      return { txHash, blockNumber };
    },
    signAnchor: (input) => signAnchor(address, input),
  };
}

async function readHead(rpc: Rpc, contract: string, ledgerId: string): ReturnType<Registry["head"]> {
  const data = registryInterface.encodeFunctionData("head", [idTopic(ledgerId)]);
  const answer = await callContract(rpc, contract, data);
  const { epoch, size, root, time, anchorer, owner } = decodeHead(contract, answer);
  if (owner.toLowerCase() === NO_ADDRESS) return { kind: "not-opened" };
  const [anchoredBy, ownedBy] = [anchorer.toLowerCase(), owner.toLowerCase()];
  return { epoch, size, root, timeSeconds: time, anchorer: anchoredBy, owner: ownedBy };
}

interface Head extends Pick<OnChainHead, "epoch" | "size" | "root" | "anchorer" | "owner"> {
  time: bigint;
}

function decodeHead(contract: string, answer: string): Head {
  try {
    return registryInterface.decodeFunctionResult("head", answer).toObject() as Head;
  } catch {
    throw notARegistry(contract);
  }
}

function idTopic(ledgerId: string): string {
  if (/^0x[0-9a-f]{64}$/i.test(ledgerId)) return ledgerId.toLowerCase();
  throw new LedgerError("invalid-argument", "a ledger id is 0x and 64 hex digits", { values: { ledgerId } });
}

function addressTopic(address: string): string {
  return `0x${parseAddress(address).slice(2).padStart(64, "0")}`;
}
