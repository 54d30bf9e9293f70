import { addressOf, type Chain, connectChain, deployRegistry, type Registry } from "@eventchain/chain";
import { bytesToHex, onchainLedgerId } from "@eventchain/core";
import { AbiCoder, id } from "ethers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { naiveConsistency, naiveLeafHash, uniformTree } from "../support/naive-tree.ts";
import { startTestChain, type TestChain } from "../support/test-chain.ts";

const tree = uniformTree(naiveLeafHash(new Uint8Array(32)));
const rootHex = (size: number): string => `0x${bytesToHex(tree(0, size))}`;

let node: TestChain;
let chain: Chain;
let registry: Registry;
let ownerKey: string;
let anchorKey: string;
let owner: string;
let anchorer: string;

beforeAll(async () => {
  node = await startTestChain();
  chain = connectChain({ rpcUrl: node.url, pollMs: 20 });
  [ownerKey, anchorKey] = node.keys as [string, string];
  [owner, anchorer] = [addressOf(ownerKey), addressOf(anchorKey)];
  registry = chain.registry((await deployRegistry(chain, ownerKey)).address);
});

afterAll(async () => {
  chain.close();
  await node.close();
});

async function anchor(ledgerId: string, from: number, size: number, key = anchorKey): Promise<string> {
  const signed = registry.signAnchor({
    ledgerId,
    size: BigInt(size),
    root: tree(0, size),
    consistency: from === 0 ? [] : naiveConsistency(tree, from, size),
    nonce: await chain.nonce(addressOf(key)),
    fees: await chain.fees(),
    key,
    chainId: await chain.chainId(),
  });
  expect(await chain.sendRaw(signed.raw)).toEqual({ kind: "accepted" });
  return signed.txHash;
}

async function open(origin: string): Promise<string> {
  return (await registry.open({ origin, anchorer, key: ownerKey })).ledgerId;
}

describe("opening", () => {
  test("gives the id that anybody can compute, once", async () => {
    const first = await registry.open({ origin: "open.example", anchorer, key: ownerKey });
    expect(first.ledgerId).toBe(onchainLedgerId(owner, "open.example"));
    expect(await chain.receipt(first.txHash)).toMatchObject({ kind: "mined", blockNumber: first.blockNumber });
    expect(await registry.open({ origin: "open.example", anchorer: owner, key: ownerKey })).toEqual(first);
    expect(await registry.head(first.ledgerId)).toEqual({
      epoch: 0n,
      size: 0n,
      root: `0x${"0".repeat(64)}`,
      timeSeconds: 0n,
      anchorer,
      owner,
    });
  });

  test("may be tried by several at once", async () => {
    const input = { origin: "race.example", anchorer, key: ownerKey };
    const answers = await Promise.all([registry.open(input), registry.open(input), registry.open(input)]);
    expect(new Set(answers.map((answer) => answer.ledgerId))).toEqual(new Set([onchainLedgerId(owner, input.origin)]));
    expect(await registry.opened({ opener: owner })).toMatchObject(
      expect.arrayContaining([expect.objectContaining({ origin: input.origin, txHash: answers[0].txHash })]),
    );
  });

  test("keeps the ledgers of two openers apart", async () => {
    const mine = await open("shared.example");
    const theirs = await registry.open({ origin: "shared.example", anchorer, key: anchorKey });
    expect(theirs.ledgerId).not.toBe(mine);
    const opened = await registry.opened({ opener: anchorer });
    expect(opened).toMatchObject([{ ledgerId: theirs.ledgerId, opener: anchorer, origin: "shared.example" }]);
    expect(await registry.opened({ owner: anchorer })).toEqual(opened);
    expect((await registry.opened()).map((ledger) => ledger.ledgerId)).toContain(mine);
  });

  test("says why the contract refuses", async () => {
    await expect(registry.open({ origin: "a b", anchorer, key: ownerKey })).rejects.toMatchObject({
      code: "invalid-name",
    });
    const zero = `0x${"0".repeat(40)}`;
    await expect(registry.open({ origin: "zero.example", anchorer: zero, key: ownerKey })).rejects.toMatchObject({
      code: "chain-reverted",
      values: { reason: "ZeroAnchorer()" },
    });
    const ledgerId = await open("mine.example");
    await expect(registry.setAnchorer({ ledgerId, anchorer, key: anchorKey })).rejects.toMatchObject({
      code: "chain-reverted",
      values: { reason: expect.stringMatching(/^NotOwner\(/) },
    });
  });

  test("is told from an unknown ledger", async () => {
    expect(await registry.head(`0x${"ab".repeat(32)}`)).toEqual({ kind: "not-opened" });
    expect(await registry.anchors(`0x${"ab".repeat(32)}`)).toEqual([]);
  });
});

describe("anchoring", () => {
  test("moves the head, and every step can be read back", async () => {
    const ledgerId = await open("anchor.example");
    const sizes = [7, 100, 1000, 1024];
    const hashes: string[] = [];
    for (const [index, size] of sizes.entries()) hashes.push(await anchor(ledgerId, sizes[index - 1] ?? 0, size));
    expect(await registry.head(ledgerId)).toMatchObject({ size: 1024n, root: rootHex(1024), epoch: 0n, anchorer });
    const logs = await registry.anchors(ledgerId);
    expect(logs.map((log) => [log.fromSize, log.size, log.root, log.txHash, log.contract])).toEqual(
      sizes.map((size, at) => [BigInt(sizes[at - 1] ?? 0), BigInt(size), rootHex(size), hashes[at], registry.address]),
    );
    const [first, second] = logs;
    expect(await registry.anchors(ledgerId, { fromBlock: (first?.blockNumber ?? 0n) + 1n })).toEqual(logs.slice(1));
    expect(await registry.anchors(ledgerId, { toBlock: second?.blockNumber ?? 0n })).toEqual(logs.slice(0, 2));
    expect(await registry.supersessions(ledgerId)).toEqual([]);

    const receipt = await chain.receipt(hashes[1] ?? "");
    expect(receipt).toMatchObject({ kind: "mined", succeeded: true, anchored: [second] });
    const block = await chain.block(second?.blockNumber ?? 0n);
    expect(block?.hash).toBe(second?.blockHash);
    expect(await registry.head(ledgerId)).toMatchObject({ timeSeconds: (await chain.block("latest"))?.timeSeconds });
  });

  test("is witnessed by its receipt", async () => {
    const ledgerId = await open("witness.example");
    const txHash = await anchor(ledgerId, 0, 5);
    await node.mine(3);
    const query = { contract: registry.address, ledgerId, txHash };
    const place = await chain.receipt(txHash);
    expect(await chain.anchored(query)).toMatchObject({
      kind: "found",
      epoch: 0n,
      fromSize: 0n,
      size: 5n,
      root: rootHex(5),
      blockHash: place.kind === "mined" ? place.blockHash : "",
      confirmations: 3n,
      finalized: true,
    });
    expect(await chain.anchored({ ...query, ledgerId: await open("other.example") })).toEqual({ kind: "not-found" });
    expect(await chain.anchored({ ...query, contract: owner })).toEqual({ kind: "not-found" });
    expect(await chain.anchored({ ...query, txHash: `0x${"12".repeat(32)}` })).toEqual({ kind: "not-found" });
    expect(await chain.head(query)).toEqual(await registry.head(ledgerId));
    const genesis = await chain.block(0n);
    expect(await chain.identity()).toEqual({ chainId: 31337n, genesisHash: genesis?.hash });
  });

  test("that the contract refuses is mined as a failure, and no anchor", async () => {
    const ledgerId = await open("refused.example");
    await anchor(ledgerId, 0, 8);
    const txHash = await anchor(ledgerId, 7, 20);
    expect(await chain.receipt(txHash)).toMatchObject({ kind: "mined", succeeded: false, anchored: [] });
    expect(await chain.anchored({ contract: registry.address, ledgerId, txHash })).toEqual({ kind: "not-found" });
    expect(await registry.head(ledgerId)).toMatchObject({ size: 8n });
  });

  test("passes to the anchorer that the owner names", async () => {
    const ledgerId = await open("handover.example");
    await registry.setAnchorer({ ledgerId, anchorer: owner, key: ownerKey });
    const refused = await anchor(ledgerId, 0, 3);
    const accepted = await anchor(ledgerId, 0, 4, ownerKey);
    expect(await chain.receipt(refused)).toMatchObject({ succeeded: false });
    expect(await chain.receipt(accepted)).toMatchObject({ succeeded: true, anchored: [{ fromSize: 0n, size: 4n }] });
    expect(await registry.head(ledgerId)).toMatchObject({ anchorer: owner });
  });

  test("is signed alike each time, and the node knows what it has", async () => {
    const ledgerId = await open("same.example");
    const input = {
      ledgerId,
      size: 9n,
      root: tree(0, 9),
      consistency: [],
      nonce: await chain.nonce(anchorer),
      fees: await chain.fees(),
      key: anchorKey,
      chainId: await chain.chainId(),
    };
    const signed = registry.signAnchor(input);
    expect(registry.signAnchor(input)).toEqual(signed);
    expect(signed.from).toBe(anchorer);
    await node.rpc("evm_setAutomine", [false]);
    try {
      expect(await chain.sendRaw(signed.raw)).toEqual({ kind: "accepted" });
      expect(await chain.sendRaw(signed.raw)).toEqual({ kind: "already-known" });
      expect(await chain.receipt(signed.txHash)).toEqual({ kind: "not-found" });
      expect(await chain.nonce(anchorer)).toBe(input.nonce);
      const cheaper = registry.signAnchor({ ...input, size: 10n, root: tree(0, 10) });
      expect(await chain.sendRaw(cheaper.raw)).toEqual({ kind: "underpriced" });
      await node.mine(1);
    } finally {
      await node.rpc("evm_setAutomine", [true]);
    }
    expect(await chain.receipt(signed.txHash)).toMatchObject({ kind: "mined", succeeded: true });
    expect(await chain.sendRaw(signed.raw)).toMatchObject({ kind: "nonce-too-low" });
    const tooCheap = { maxFeePerGasWei: 1n, maxPriorityFeePerGasWei: 1n };
    const next = registry.signAnchor({ ...input, nonce: input.nonce + 1n, fees: tooCheap });
    expect(await chain.sendRaw(next.raw)).toEqual({ kind: "underpriced" });
    const poor = registry.signAnchor({ ...input, nonce: 0n, key: `0x${"77".repeat(32)}` });
    expect(await chain.sendRaw(poor.raw)).toMatchObject({ kind: "refused", reason: expect.stringMatching(/funds/) });
  });
});

describe("an address that is not a registry", () => {
  test("is not taken for an unopened ledger", async () => {
    await expect(chain.registry(owner).head(`0x${"ab".repeat(32)}`)).rejects.toMatchObject({ code: "chain-mismatch" });
    expect(() => chain.registry("0x12")).toThrow(expect.objectContaining({ code: "invalid-argument" }));
  });

  test("is noticed when it answers something", async () => {
    const other = "0x00000000000000000000000000000000000000aa";
    // Code that answers one byte.
    await node.rpc("hardhat_setCode", [other, "0x60015ff3"]);
    await expect(chain.registry(other).head(`0x${"ab".repeat(32)}`)).rejects.toMatchObject({ code: "chain-mismatch" });
  });

  test("is noticed when it reverts", async () => {
    const other = "0x00000000000000000000000000000000000000dd";
    // Code that reverts with nothing.
    await node.rpc("hardhat_setCode", [other, "0x5f5ffd"]);
    await expect(chain.registry(other).head(`0x${"ab".repeat(32)}`)).rejects.toMatchObject({ code: "chain-mismatch" });
  });

  test("may be a later version that supersedes", async () => {
    const later = "0x00000000000000000000000000000000000000bb";
    const ledgerId = `0x${"cd".repeat(32)}`;
    const types = ["uint32", "uint64", "bytes32", "uint64", "bytes32", "string"];
    const roots = [`0x${"11".repeat(32)}`, `0x${"22".repeat(32)}`] as const;
    const data = AbiCoder.defaultAbiCoder().encode(types, [1n, 9n, roots[0], 5n, roots[1], "lost key"]);
    await node.rpc("hardhat_setCode", [later, logger(data, ledgerId)]);
    await node.rpc("eth_sendTransaction", [{ from: owner, to: later }]);
    expect(await chain.registry(later).supersessions(ledgerId)).toMatchObject([
      { ledgerId, epoch: 1n, oldSize: 9n, oldRoot: roots[0], size: 5n, root: roots[1], reason: "lost key" },
    ]);
  });
});

/** Code that logs `data` under Superseded's topic and the ledger's id. */
function logger(data: string, ledgerId: string): string {
  const topic = id("Superseded(bytes32,uint32,uint64,bytes32,uint64,bytes32,string)").slice(2);
  const size = ((data.length - 2) / 2).toString(16).padStart(4, "0");
  // codecopy(0, offset, size); log2(0, size, topic, ledgerId); stop. The data stands after the code.
  const code = (offset: string): string =>
    `61${size}61${offset}5f39` + `7f${ledgerId.slice(2)}7f${topic}61${size}5fa200`;
  const offset = (code("0000").length / 2).toString(16).padStart(4, "0");
  return `0x${code(offset)}${data.slice(2)}`;
}
