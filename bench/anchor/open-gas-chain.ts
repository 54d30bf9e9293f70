import { setTimeout as pause } from "node:timers/promises";
import { type Chain, connectChain, deployRegistry, type Fees, type SignedTransaction } from "@eventchain/chain";
import { startChain } from "@eventchain/devstack";
import { getCreateAddress, SigningKey, Transaction } from "ethers";

/** Hardhat estimates nothing here: every transaction may take so much, and pays what it uses. */
const GAS_LIMIT = 8_000_000n;
const FEES: Fees = { maxFeePerGasWei: 10n ** 11n, maxPriorityFeePerGasWei: 1n };
/** Far apart only so that transactions share blocks; gas does not depend on it. */
const BLOCK_TIME_MS = 50;
const WAIT_MS = 30_000;

/** Signs a transaction of the chain's only sender under the nonce that it gets. */
type Draft = (nonce: bigint) => Pick<SignedTransaction, "raw" | "txHash">;

/** A local chain (Hardhat's, as the developers' stack has it) whose receipts are read for their gas. */
export interface GasChain {
  chain: Chain;
  chainId: bigint;
  fees: Fees;
  /** Of the account that pays for everything. */
  key: string;
  sender: string;
  draft(to: string | null, data: string): Draft;
  /** Puts creation code on the chain; gives the contract's address. */
  deploy(code: string): Promise<string>;
  /** Puts an AnchorRegistry on the chain; gives its address. */
  deployRegistry(): Promise<string>;
  /** Sends transactions in this order; the gas of each by its receipt. Throws where one is not mined or fails. */
  send(drafts: readonly Draft[]): Promise<number[]>;
  close(): Promise<void>;
}

export async function openGasChain(): Promise<GasChain> {
  const local = await startChain({ blockTimeMs: BLOCK_TIME_MS, idleBlocks: 1 });
  const account = local.accounts[0];
  if (account === undefined) throw new Error("the local chain has no accounts");
  const { address: sender, privateKey: key } = account;
  const chain = connectChain({ rpcUrl: local.url, pollMs: BLOCK_TIME_MS });
  const chainId = BigInt(local.chainId);
  let nonce = 0n;
  const on: GasChain = {
    chain,
    chainId,
    fees: FEES,
    key,
    sender,
    draft: (to, data) => (own) => sign({ to, data, nonce: own, chainId, key }),
    async deploy(data) {
      const address = getCreateAddress({ from: sender, nonce });
      await on.send([on.draft(null, data)]);
      return address.toLowerCase();
    },
    async deployRegistry() {
      const { address } = await deployRegistry(chain, key);
      nonce = await chain.nonce(sender);
      return address;
    },
    async send(drafts) {
      const hashes: string[] = [];
      for (const draft of drafts) {
        const { raw, txHash } = draft(nonce);
        const outcome = await chain.sendRaw(raw);
        if (outcome.kind !== "accepted") throw new Error(`a transaction was not taken: ${JSON.stringify(outcome)}`);
        nonce += 1n;
        hashes.push(txHash);
      }
      const gas: number[] = [];
      for (const txHash of hashes) gas.push(await gasOf(chain, txHash));
      return gas;
    },
    async close() {
      chain.close();
      await local.stop();
    },
  };
  return on;
}

async function gasOf(chain: Chain, txHash: string): Promise<number> {
  const deadline = performance.now() + WAIT_MS;
  for (;;) {
    const receipt = await chain.receipt(txHash);
    if (receipt.kind === "mined" && receipt.succeeded) return Number(receipt.gasUsed);
    if (receipt.kind === "mined") throw new Error(`transaction ${txHash} failed`);
    if (performance.now() > deadline) throw new Error(`transaction ${txHash} was not mined within ${WAIT_MS} ms`);
    await pause(BLOCK_TIME_MS / 2);
  }
}

interface SignInput {
  to: string | null;
  data: string;
  nonce: bigint;
  chainId: bigint;
  key: string;
}

function sign({ to, data, nonce, chainId, key }: SignInput): ReturnType<Draft> {
  const transaction = Transaction.from({
    type: 2,
    chainId,
    nonce: Number(nonce),
    maxFeePerGas: FEES.maxFeePerGasWei,
    maxPriorityFeePerGas: FEES.maxPriorityFeePerGasWei,
    gasLimit: GAS_LIMIT,
    to,
    data,
  });
  transaction.signature = new SigningKey(key).sign(transaction.unsignedHash);
  return { raw: new Uint8Array(Buffer.from(transaction.serialized.slice(2), "hex")), txHash: transaction.hash ?? "" };
}
