import { addressOf, type Chain, connectChain, deployRegistry, type Registry } from "@eventchain/chain";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestChain, type TestChain } from "../support/test-chain.ts";

const TWO = { kind: "confirmations", count: 2 } as const;
const FINALIZED = { kind: "finalized" } as const;

let node: TestChain;
let chain: Chain;
let registry: Registry;
let key: string;

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

interface Anchored {
  ledgerId: string;
  raw: Uint8Array;
  txHash: string;
  block: { number: bigint; hash: string };
}

/** A first head for a new ledger, mined after a snapshot, which is given with it. */
async function anchorAfterSnapshot(origin: string): Promise<Anchored & { snapshot: unknown }> {
  const { ledgerId } = await registry.open({ origin, anchorer: addressOf(key), key });
  const snapshot = await node.rpc("evm_snapshot");
  const { raw, txHash } = registry.signAnchor({
    ledgerId,
    size: 3n,
    root: new Uint8Array(32).fill(3),
    consistency: [],
    nonce: await chain.nonce(addressOf(key)),
    fees: await chain.fees(),
    key,
    chainId: await chain.chainId(),
  });
  await chain.sendRaw(raw);
  const receipt = await chain.receipt(txHash);
  if (receipt.kind !== "mined") throw new Error("not mined");
  return { ledgerId, raw, txHash, block: { number: receipt.blockNumber, hash: receipt.blockHash }, snapshot };
}

test("a block is final when enough blocks stand on it, counted exactly", async () => {
  const { block } = await anchorAfterSnapshot("depth.example");
  expect(await chain.isDeepEnough(block, { kind: "confirmations", count: 0 })).toBe("final");
  expect(await chain.isDeepEnough(block, TWO)).toBe("not-yet");
  await node.mine(1);
  expect(await chain.isDeepEnough(block, TWO)).toBe("not-yet");
  await node.mine(1);
  expect(await chain.isDeepEnough(block, TWO)).toBe("final");
  expect(await chain.isDeepEnough(block, FINALIZED)).toBe("final");
});

test("an anchor that is taken back with its block is found nowhere, and can be sent again as it is", async () => {
  const { ledgerId, raw, txHash, block, snapshot } = await anchorAfterSnapshot("back.example");
  const query = { contract: registry.address, ledgerId, txHash };
  expect(await chain.anchored(query)).toMatchObject({ kind: "found", blockHash: block.hash });
  await node.rpc("evm_revert", [snapshot]);

  expect(await chain.receipt(txHash)).toEqual({ kind: "not-found" });
  expect(await chain.anchored(query)).toEqual({ kind: "not-found" });
  expect(await registry.head(ledgerId)).toMatchObject({ size: 0n });
  expect(await registry.anchors(ledgerId)).toEqual([]);
  expect(await chain.isDeepEnough(block, TWO)).toBe("reorged");
  expect(await chain.isDeepEnough(block, FINALIZED)).toBe("reorged");

  await node.mine(1);
  expect(await chain.sendRaw(raw)).toEqual({ kind: "accepted" });
  const again = await chain.receipt(txHash);
  expect(again).toMatchObject({ kind: "mined", succeeded: true, blockNumber: block.number + 1n });
  expect(await chain.anchored(query)).toMatchObject({ kind: "found", size: 3n, blockNumber: block.number + 1n });
});

test("another block at the same height is a reorganisation, however deep it is", async () => {
  const { block, snapshot } = await anchorAfterSnapshot("height.example");
  await node.mine(5);
  expect(await chain.isDeepEnough(block, TWO)).toBe("final");
  await node.rpc("evm_revert", [snapshot]);
  // Otherwise the new block could come out the same.
  await node.rpc("evm_increaseTime", [1000]);
  await node.mine(6);
  expect(await chain.block(block.number)).toBeDefined();
  expect(await chain.isDeepEnough(block, TWO)).toBe("reorged");
  expect(await chain.isDeepEnough(block, FINALIZED)).toBe("reorged");
  expect(await chain.block(1_000_000n)).toBeUndefined();
});
