import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LocalChain, startChain } from "@eventchain/devstack";
import { JsonRpcProvider, parseEther, Wallet } from "ethers";
import { afterEach, beforeEach, expect, test } from "vitest";

let dir: string;
let chain: LocalChain | undefined;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "eventchain-devstack-"));
});

afterEach(async () => {
  await chain?.stop();
  chain = undefined;
  rmSync(dir, { recursive: true, force: true });
});

async function start(options: { idleBlocks?: number } = {}): Promise<LocalChain> {
  chain = await startChain({ dir, blockTimeMs: 50, ...options });
  return chain;
}

async function rpc(url: string, method: string, params: unknown[] = []): Promise<unknown> {
  const response = await fetch(url, {
    method: "POST",
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
  });
  const { result, error } = (await response.json()) as { result?: unknown; error?: { message: string } };
  if (error !== undefined) throw new Error(error.message);
  return result;
}

interface Block {
  number: string;
  hash: string;
  timestamp: string;
}

async function blocks(url: string): Promise<Block[]> {
  const height = Number(await rpc(url, "eth_blockNumber"));
  const numbers = Array.from({ length: height + 1 }, (_, number) => `0x${number.toString(16)}`);
  return (await Promise.all(numbers.map((number) => rpc(url, "eth_getBlockByNumber", [number, false])))) as Block[];
}

async function transfer(local: LocalChain, depth: number): Promise<string> {
  const [from, to] = local.accounts;
  if (from === undefined || to === undefined) throw new Error("no accounts");
  const provider = new JsonRpcProvider(local.url, undefined, { cacheTimeout: -1, pollingInterval: 50 });
  try {
    const sent = await new Wallet(from.privateKey, provider).sendTransaction({ to: to.address, value: 1n });
    await sent.wait(depth);
    return sent.hash;
  } finally {
    provider.destroy();
  }
}

async function resting(url: string): Promise<Block[]> {
  let before = -1;
  const isStill = async (): Promise<boolean> => {
    const now = Number(await rpc(url, "eth_blockNumber"));
    const same = now === before;
    before = now;
    return same;
  };
  await expect.poll(isStill, { timeout: 60_000, interval: 400 }).toBe(true);
  return blocks(url);
}

test("each folder has a chain of its own, with funded accounts whose keys only the owner reads", async () => {
  const first = await start();
  const balance = await rpc(first.url, "eth_getBalance", [first.accounts[9]?.address, "latest"]);
  expect(BigInt(balance as string)).toBe(parseEther("10000"));
  expect(statSync(join(dir, "keys")).mode & 0o777).toBe(0o600);
  const second = await startChain();
  try {
    const [one, other] = await Promise.all([first.url, second.url].map((url) => blocks(url)));
    expect(one?.[0]?.hash).not.toBe(other?.[0]?.hash);
  } finally {
    await second.stop();
  }
});

test("a transaction gets its confirmations; then the chain rests", async () => {
  const local = await start({ idleBlocks: 3 });
  expect(await resting(local.url)).toHaveLength(1);
  await transfer(local, 3);
  expect(await resting(local.url)).toHaveLength(5);
});

test("all blocks have the same hashes and times after a restart, and the chain goes on", async () => {
  const local = await start({ idleBlocks: 5 });
  for (let n = 0; n < 3; n++) await transfer(local, 1);
  const before = await resting(local.url);
  await local.stop();
  const again = await start({ idleBlocks: 5 });
  expect(await blocks(again.url)).toEqual(before);
  const hash = await transfer(again, 2);
  const receipt = (await rpc(again.url, "eth_getTransactionReceipt", [hash])) as { blockNumber: string };
  expect(Number(receipt.blockNumber)).toBe(before.length);
});

test("a new block's time is the present one, after a restart too", async () => {
  const local = await start({ idleBlocks: 2 });
  await transfer(local, 1);
  await local.stop();
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  const again = await start({ idleBlocks: 2 });
  const earliest = Math.floor(Date.now() / 1000);
  await transfer(again, 1);
  const latest = (await rpc(again.url, "eth_getBlockByNumber", ["latest", false])) as Block;
  expect(Number(latest.timestamp)).toBeGreaterThanOrEqual(earliest);
  expect(Number(latest.timestamp)).toBeLessThanOrEqual(Math.ceil(Date.now() / 1000));
});

test("blocks that others make, a chain that is taken back, and states that are set are kept too", async () => {
  const local = await start({ idleBlocks: 0 });
  const [sender, receiver] = local.accounts.map(({ address }) => address);
  await rpc(local.url, "evm_mine");
  const mark = await rpc(local.url, "evm_snapshot");
  await transfer(local, 1);
  await rpc(local.url, "hardhat_setBalance", [receiver, "0x7"]);
  await rpc(local.url, "hardhat_mine", ["0x5"]);
  expect(await rpc(local.url, "evm_revert", [mark])).toBe(true);
  await rpc(local.url, "evm_increaseTime", [3_600]);
  await rpc(local.url, "hardhat_setBalance", [sender, "0xde0b6b3a7640000"]);
  const stranger = "0x00000000000000000000000000000000000000aa";
  await rpc(local.url, "hardhat_setBalance", [stranger, "0xde0b6b3a7640000"]);
  await rpc(local.url, "hardhat_impersonateAccount", [stranger]);
  await rpc(local.url, "eth_sendTransaction", [{ from: stranger, to: receiver, value: "0x1" }]);
  await rpc(local.url, "evm_mine");
  await rpc(local.url, "hardhat_mine", ["0x5", "0x3c"]);
  const before = await resting(local.url);
  const balances = await Promise.all(
    [sender, receiver].map((each) => rpc(local.url, "eth_getBalance", [each, "latest"])),
  );
  expect(Number(before.at(-1)?.timestamp)).toBeGreaterThan(Date.now() / 1000 + 3_500);
  await local.stop();
  const again = await start({ idleBlocks: 0 });
  expect(await blocks(again.url)).toEqual(before);
  expect(
    await Promise.all([sender, receiver].map((each) => rpc(again.url, "eth_getBalance", [each, "latest"]))),
  ).toEqual(balances);
});

test("a killed node comes back by itself with every block", async () => {
  const local = await start({ idleBlocks: 4 });
  await transfer(local, 1);
  const before = await resting(local.url);
  const killed = local.pid ?? 0;
  process.kill(killed, "SIGKILL");
  const again = (): Promise<Block[]> => blocks(local.url).catch(() => []);
  await expect.poll(again, { timeout: 60_000 }).toEqual(before);
  expect(local.pid).not.toBe(killed);
});

test("a line torn by a crash is dropped; a changed one names the way out", async () => {
  const local = await start({ idleBlocks: 2 });
  await transfer(local, 1);
  const before = await resting(local.url);
  await local.stop();
  const path = join(dir, "blocks.jsonl");
  appendFileSync(path, '{"block":99,"hash":"0x');
  const again = await start({ idleBlocks: 2 });
  expect(await blocks(again.url)).toEqual(before);
  await again.stop();
  const lines = readFileSync(path, "utf8").split("\n");
  const time = Number(before[1]?.timestamp);
  lines[1] = lines[1]?.replace(`"timeSeconds":${time}`, `"timeSeconds":${time - 1}`) ?? "";
  writeFileSync(path, lines.join("\n"));
  await expect(startChain({ dir })).rejects.toMatchObject({
    code: "stack-failed",
    message: expect.stringMatching(/block 1 .*--fresh/),
  });
});

test("web pages of other hosts are refused", async () => {
  const local = await start();
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "eth_accounts", params: [] });
  const ask = (headers: Record<string, string>): Promise<Response> =>
    fetch(local.url, { method: "POST", body, headers });
  expect((await ask({ origin: "https://attacker.example" })).status).toBe(403);
  expect((await ask({ origin: "http://localhost:3000" })).status).toBe(200);
  const answer = await ask({});
  expect(answer.headers.get("access-control-allow-origin")).toBeNull();
  expect(((await answer.json()) as { result: string[] }).result).toHaveLength(10);
});

test("errors are JSON-RPC errors, also within a batch", async () => {
  const local = await start();
  const ask = async (body: string): Promise<unknown> => (await fetch(local.url, { method: "POST", body })).json();
  expect(await ask("{")).toMatchObject({ error: { code: -32700 } });
  expect(
    await ask('[{"jsonrpc":"2.0","id":1,"method":"eth_chainId"},{"jsonrpc":"2.0","id":2,"method":"nothing"}]'),
  ).toMatchObject([
    { id: 1, result: "0x7a69" },
    { id: 2, error: { code: expect.any(Number) } },
  ]);
});
