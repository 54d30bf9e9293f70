// A chain of its own for a test file: Hardhat's, in this process, behind HTTP like any node. It makes a block for each
// transaction, unless told otherwise.
import { join } from "node:path";
import { HDNodeWallet, Mnemonic } from "ethers";
import { createHardhatRuntimeEnvironment } from "hardhat/hre";
import config from "../../hardhat.config.ts";

export interface TestChain {
  url: string;
  /** One JSON-RPC call; throws the node's error message. */
  rpc(method: string, params?: readonly unknown[]): Promise<unknown>;
  /** Private keys of accounts with 10,000 ether each. */
  keys: readonly string[];
  /** Empty blocks. */
  mine(count: number): Promise<void>;
  close(): Promise<void>;
}

/** What Hardhat derives its accounts from: public, and never to be used elsewhere. */
const PHRASE = Mnemonic.fromPhrase("test test test test test test test test test test test junk");

export async function startTestChain(): Promise<TestChain> {
  const hre = await createHardhatRuntimeEnvironment(config, {}, join(import.meta.dirname, "../.."));
  const server = await hre.network.createServer({ network: "default" }, "127.0.0.1", 0);
  const { port } = await server.listen();
  const url = `http://127.0.0.1:${port}`;
  const rpc: TestChain["rpc"] = async (method, params = []) => {
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
    const response = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body });
    const answer = (await response.json()) as { result?: unknown; error?: { message: string } };
    if (answer.error !== undefined) throw new Error(`${method}: ${answer.error.message}`);
    return answer.result;
  };
  return {
    url,
    rpc,
    keys: [0, 1, 2, 3].map((index) => HDNodeWallet.fromMnemonic(PHRASE, `m/44'/60'/0'/0/${index}`).privateKey),
    mine: async (count) => void (await rpc("hardhat_mine", [`0x${count.toString(16)}`])),
    close: () => server.close(),
  };
}
