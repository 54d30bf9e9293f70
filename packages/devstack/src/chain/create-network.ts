import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { createHardhatRuntimeEnvironment } from "hardhat/hre";
import type { ChainAccount } from "./keep-accounts.ts";
import type { ChainOrigin } from "./open-journal.ts";

/** Calls a method of the node in this process. */
export type CallNode = (method: string, params?: readonly unknown[]) => Promise<unknown>;

/** What each account has at the start, in wei: 10,000 ether. */
const ACCOUNT_BALANCE_WEI: bigint = 10_000n * 10n ** 18n;

const NETWORK = "local";

export interface NetworkInput {
  readonly chainId: number;
  /** Default: Hardhat's own. */
  readonly hardfork?: string;
  readonly timeSeconds: number;
  readonly accounts: readonly ChainAccount[];
}

/**
 * A development chain in this process that makes a block only when it is told to. Its first block depends on the input
 * alone, and every later one on its transactions and time.
 */
export async function createNetwork(input: NetworkInput): Promise<{ call: CallNode; hardfork: string }> {
  const hre = await createHardhatRuntimeEnvironment(
    {
      networks: {
        [NETWORK]: {
          type: "edr-simulated",
          chainId: input.chainId,
          ...(input.hardfork === undefined ? {} : { hardfork: input.hardfork }),
          initialDate: new Date(input.timeSeconds * 1000),
          accounts: input.accounts.map(({ privateKey }) => ({ privateKey, balance: ACCOUNT_BALANCE_WEI })),
          // Blocks come faster than seconds, and a transaction's place must not depend on its fee when it is replayed.
          allowBlocksWithSameTimestamp: true,
          mining: { auto: false, interval: 0, mempool: { order: "fifo" } },
          throwOnTransactionFailures: false,
        },
      },
    },
    {},
    dirname(fileURLToPath(import.meta.url)),
  );
  const { provider, networkConfig } = await hre.network.create(NETWORK);
  if (networkConfig.type !== "edr-simulated") throw new Error("not a simulated network");
  const call: CallNode = async (method, params = []) => await provider.request({ method, params: [...params] });
  return { call, hardfork: networkConfig.hardfork };
}

/** The first block's hash of a network. */
export async function genesisOf(call: CallNode): Promise<ChainOrigin["genesis"]> {
  const block = (await call("eth_getBlockByNumber", ["0x0", false])) as { hash: string };
  return block.hash;
}
