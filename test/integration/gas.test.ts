// What an anchor costs, from receipts. The code is the generated one, which `generate-abi.ts --check` keeps equal to a
// clean build, so instrumented artifacts of a coverage run never get in here.
import { addressOf, anchorGasLimit, type Chain, connectChain, deployRegistry, type Registry } from "@eventchain/chain";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { naiveConsistency, naiveLeafHash, uniformTree } from "../support/naive-tree.ts";
import { startTestChain, type TestChain } from "../support/test-chain.ts";

/** Only lengths and sizes matter for gas, so all leaves may be the same, and trees may be huge. */
const tree = uniformTree(naiveLeafHash(new Uint8Array(32).fill(9)));

let node: TestChain;
let chain: Chain;
let registry: Registry;
let key: string;
let nonce: bigint;
let ledgers = 0;

beforeAll(async () => {
  node = await startTestChain();
  chain = connectChain({ rpcUrl: node.url, pollMs: 20 });
  key = node.keys[0] ?? "";
  registry = chain.registry((await deployRegistry(chain, key)).address);
});

afterAll(async () => {
  chain.close();
  await node.close();
});

async function anchor(ledgerId: string, from: number, size: number): Promise<{ gasUsed: bigint; proofLength: number }> {
  const consistency = from === 0 ? [] : naiveConsistency(tree, from, size);
  const root = tree(0, size);
  const fees = { maxFeePerGasWei: 10n ** 10n, maxPriorityFeePerGasWei: 1n };
  const input = { ledgerId, size: BigInt(size), root, consistency, nonce, fees, key, chainId: 31337n };
  const { raw, txHash } = registry.signAnchor(input);
  await chain.sendRaw(raw);
  nonce += 1n;
  const receipt = await chain.receipt(txHash);
  if (receipt.kind !== "mined" || !receipt.succeeded) throw new Error(`${from} to ${size} was not anchored`);
  expect(receipt.gasUsed).toBeLessThan(anchorGasLimit(consistency.length));
  return { gasUsed: receipt.gasUsed, proofLength: consistency.length };
}

async function openLedger(): Promise<string> {
  ledgers += 1;
  const { ledgerId } = await registry.open({ origin: `gas.example/${ledgers}`, anchorer: addressOf(key), key });
  nonce = await chain.nonce(addressOf(key));
  return ledgerId;
}

/** Gas of each anchor after the first of a new ledger. */
async function gasOf(sizes: readonly number[]): Promise<number[]> {
  const ledgerId = await openLedger();
  const gas: number[] = [];
  for (const [index, size] of sizes.entries()) {
    gas.push(Number((await anchor(ledgerId, sizes[index - 1] ?? 0, size)).gasUsed));
  }
  return gas.slice(1);
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** `count` sizes from `start`, each 100 to 1,000 after the last, spread evenly. */
function growing(start: number, count: number): number[] {
  const sizes = [start];
  for (let step = 1; step <= count; step += 1) sizes.push((sizes.at(-1) ?? 0) + 100 + ((step * 557) % 901));
  return sizes;
}

describe("an anchor's gas stays within its budget", () => {
  test.each([
    { leaves: 1_000, budget: 44_250 },
    { leaves: 100_000, budget: 45_050 },
    { leaves: 1_000_000, budget: 46_000 },
  ])("one step on from $leaves leaves: $budget", async ({ leaves, budget }) => {
    for (const growth of [100, 333, 500, 777, 1000]) {
      const [gas] = await gasOf([leaves, leaves + growth]);
      expect(gas, `growth ${growth}`).toBeLessThanOrEqual(budget);
    }
  });

  test.each([
    { leaves: 1_000, budget: 47_600 },
    { leaves: 100_000, budget: 49_750 },
    { leaves: 1_000_000, budget: 52_400 },
  ])("growing on from $leaves leaves by 100 to 1,000: $budget on average", async ({ leaves, budget }) => {
    expect(mean(await gasOf(growing(leaves, 40)))).toBeLessThanOrEqual(budget);
  });

  test("a million leaves, in multiples of 1,024: 43,200", async () => {
    const sizes = Array.from({ length: 20 }, (_, index) => (976 + index) * 1024);
    expect(mean(await gasOf(sizes))).toBeLessThanOrEqual(43_200);
  });

  test("a log that doubles takes one hash: 36,650", async () => {
    for (const gas of await gasOf([1024, 2048, 4096, 8192])) expect(gas).toBeLessThanOrEqual(36_650);
  });
});

test("the gas limit holds for the longest proof that there is", async () => {
  // The greatest size below 2^40 that is not complete, from two before: a sibling on the left of every level.
  const size = 2 ** 40 - 1;
  const ledgerId = await openLedger();
  await anchor(ledgerId, 0, size - 2);
  const { proofLength } = await anchor(ledgerId, size - 2, size);
  expect(proofLength).toBeGreaterThanOrEqual(40);
});
