import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type Chain, connectChain, isSilent } from "@eventchain/chain";
import { LedgerError } from "@eventchain/core";
import { afterEach, describe, expect, test } from "vitest";

interface Request {
  method: string;
  params: unknown[];
  authorization: string | undefined;
}
/** A status with a text; an object: the JSON-RPC answer's `result` or `error`; undefined: no answer at all. */
type Reply = { status: number; text: string } | { result: unknown } | { error: unknown } | undefined;

const open: { server: Server; chain: Chain }[] = [];

afterEach(async () => {
  for (const { server, chain } of open.splice(0)) {
    chain.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

/** A node that answers as told. */
async function connectTo(reply: (request: Request) => Reply, userInfo = ""): Promise<Chain> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { id, method, params } = JSON.parse(Buffer.concat(chunks).toString());
    const answer = reply({ method, params, authorization: request.headers.authorization });
    if (answer === undefined) return;
    if ("status" in answer) response.writeHead(answer.status).end(answer.text);
    else response.end(JSON.stringify({ jsonrpc: "2.0", id, ...answer }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const chain = connectChain({ rpcUrl: `http://${userInfo}127.0.0.1:${port}/v3/the-api-key`, timeoutMs: 300 });
  open.push({ server, chain });
  return chain;
}

const CONTRACT = `0x${"11".repeat(20)}`;
const LEDGER = `0x${"22".repeat(32)}`;
const TX = `0x${"33".repeat(32)}`;
const HASH = `0x${"44".repeat(32)}`;
const block = (number: number) => ({ number: `0x${number.toString(16)}`, hash: HASH, timestamp: "0x5" });

/** Everything that is asked of a node. */
const asks: readonly (readonly [name: string, ask: (chain: Chain) => Promise<unknown>])[] = [
  ["chainId", (chain) => chain.chainId()],
  ["genesisHash", (chain) => chain.genesisHash()],
  ["identity", (chain) => chain.identity()],
  ["block", (chain) => chain.block(5n)],
  ["block latest", (chain) => chain.block("latest")],
  ["block finalized", (chain) => chain.block("finalized")],
  ["nonce", (chain) => chain.nonce(CONTRACT)],
  ["fees", (chain) => chain.fees()],
  ["sendRaw", (chain) => chain.sendRaw(Uint8Array.of(2))],
  ["receipt", (chain) => chain.receipt(TX)],
  ["isDeepEnough", (chain) => chain.isDeepEnough({ number: 5n, hash: HASH }, { kind: "confirmations", count: 1 })],
  ["anchored", (chain) => chain.anchored({ contract: CONTRACT, ledgerId: LEDGER, txHash: TX })],
  ["head", (chain) => chain.head({ contract: CONTRACT, ledgerId: LEDGER })],
  ["anchors", (chain) => chain.registry(CONTRACT).anchors(LEDGER)],
  ["supersessions", (chain) => chain.registry(CONTRACT).supersessions(LEDGER)],
  ["opened", (chain) => chain.registry(CONTRACT).opened()],
];

async function expectUnavailable(ask: Promise<unknown>): Promise<void> {
  const error = await ask.then(
    (value) => expect.unreachable(`answered ${String(value)}`),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(LedgerError);
  expect(error).toMatchObject({ code: "chain-unavailable", retryable: true });
  const shown = `${JSON.stringify(error)} ${(error as Error).stack} ${String((error as Error).cause)}`;
  expect(shown).not.toContain("the-api-key");
  expect(shown).not.toContain("s3cret");
}

describe("a node that does not answer properly is unavailable, never an answer", () => {
  const troubles: readonly (readonly [name: string, reply: Reply])[] = [
    ["stalls", undefined],
    ["is overloaded", { status: 503, text: "try later" }],
    [
      "limits requests",
      { status: 429, text: '{"jsonrpc":"2.0","id":1,"error":{"code":-32005,"message":"slow down"}}' },
    ],
    ["redirects", { status: 302, text: "" }],
    ["answers no JSON", { status: 200, text: "<html>" }],
    ["answers neither result nor error", { status: 200, text: '{"jsonrpc":"2.0","id":1}' }],
    ["fails inside", { error: { code: -32603, message: "internal error" } }],
    ["lacks the method", { error: { code: -32601, message: "the method does not exist" } }],
    ["answers another type", { result: { nonsense: true } }],
    ["answers a number too long", { result: `0x${"f".repeat(70)}` }],
  ];
  test.each(troubles)("one that %s", async (name, reply) => {
    const chain = await connectTo(() => reply);
    // Bytes of the wrong length are what another contract answers: "chain-mismatch".
    const asked = asks.filter(([ask]) => !(name.endsWith("too long") && ask === "head"));
    await Promise.all(asked.map(([, ask]) => expectUnavailable(ask(chain))));
  });

  test("one that is not there", async () => {
    const chain = connectChain({ rpcUrl: "http://127.0.0.1:1/v3/the-api-key", timeoutMs: 300 });
    await Promise.all(asks.map(([, ask]) => expectUnavailable(ask(chain))));
  });

  test("one that is not asked any more", async () => {
    const chain = await connectTo(() => undefined);
    const asked = expectUnavailable(chain.chainId());
    chain.close();
    await asked;
    await expectUnavailable(chain.chainId());
  });
});

test.each<[name: string, silent: boolean, reply: Reply]>([
  ["stalls", true, undefined],
  ["is overloaded", true, { status: 503, text: "try later" }],
  ["refuses the request", false, { error: { code: -32000, message: "pruned history unavailable" } }],
  ["answers another type", false, { result: { nonsense: true } }],
])("one that %s is silent: %s", async (_name, silent, reply) => {
  const chain = await connectTo(() => reply);
  const error = await chain
    .registry(CONTRACT)
    .anchors(LEDGER, { fromBlock: 1n, toBlock: 1n })
    .catch((thrown) => thrown);
  expect(error).toMatchObject({ code: "chain-unavailable" });
  expect(isSilent(error)).toBe(silent);
});

test("null is not found, except where something must be", async () => {
  const chain = await connectTo(({ method }) => ({ result: method === "eth_getLogs" ? [] : null }));
  expect(await chain.receipt(TX)).toEqual({ kind: "not-found" });
  expect(await chain.anchored({ contract: CONTRACT, ledgerId: LEDGER, txHash: TX })).toEqual({ kind: "not-found" });
  expect(await chain.block(5n)).toBeUndefined();
  expect(await chain.block("finalized")).toBeUndefined();
  await expectUnavailable(chain.genesisHash());
  await expectUnavailable(chain.nonce(CONTRACT));
  await expectUnavailable(chain.registry(CONTRACT).anchors(LEDGER));
});

test("before the first finalized block, nothing is final yet", async () => {
  const chain = await connectTo(({ params }) =>
    params[0] === "finalized"
      ? { error: { code: -39001, message: "finalized block not found" } }
      : { result: block(9) },
  );
  expect(await chain.block("finalized")).toBeUndefined();
  expect(await chain.isDeepEnough({ number: 9n, hash: HASH }, { kind: "finalized" })).toBe("not-yet");
});

test("user and password go into a header", async () => {
  const seen: (string | undefined)[] = [];
  const chain = await connectTo(({ authorization }) => {
    seen.push(authorization);
    return seen.length === 1 ? { result: "0x1" } : { status: 401, text: "who?" };
  }, "user:s3cret@");
  expect(await chain.chainId()).toBe(1n);
  expect(seen).toEqual([`Basic ${Buffer.from("user:s3cret").toString("base64")}`]);
  await expectUnavailable(chain.chainId());
});

test.each(["ws://127.0.0.1:1", "not a url", "", "file:///etc/passwd"])("%j is not a node's address", (rpcUrl) => {
  expect(() => connectChain({ rpcUrl })).toThrow(expect.objectContaining({ code: "invalid-argument" }));
});

describe("logs are asked for in ranges", () => {
  const topics = ["0x5b6dbd0bd5e2e1a7e7f4a8e7b9f0c1d2e3f4a5b6c7d8e9f0a1b2c3d4e5f6a7b8"];
  const log = (number: number) => ({
    address: CONTRACT,
    topics: [...topics, LEDGER],
    data: "0x",
    transactionHash: TX,
    blockNumber: `0x${number.toString(16)}`,
    blockHash: HASH,
  });

  /** A node with 1,000 blocks that looks through `limit` of them at most. */
  async function limited(limit: number, ranges: [number, number][]): Promise<Chain> {
    return connectTo(({ method, params }) => {
      if (method !== "eth_getLogs") return { result: block(999) };
      const { fromBlock, toBlock } = params[0] as { fromBlock: string; toBlock: string };
      const [from, to] = [Number(fromBlock), Number(toBlock)];
      if (to - from + 1 > limit) return { error: { code: -32005, message: `more than ${limit} blocks` } };
      ranges.push([from, to]);
      return { result: [] };
    });
  }

  test.each([1000, 999, 300, 7, 1])("a node that looks through %i blocks at a time", async (limit) => {
    const ranges: [number, number][] = [];
    const chain = await limited(limit, ranges);
    expect(await chain.registry(CONTRACT).anchors(LEDGER)).toEqual([]);
    expect(ranges[0]?.[0]).toBe(0);
    expect(ranges.at(-1)?.[1]).toBe(999);
    for (const [index, [from]] of ranges.entries()) if (index > 0) expect(from).toBe((ranges[index - 1]?.[1] ?? 0) + 1);
  });

  test("a node that looks through none is unavailable", async () => {
    await expectUnavailable((await limited(0, [])).registry(CONTRACT).anchors(LEDGER));
  });

  test("an empty range asks nothing", async () => {
    const ranges: [number, number][] = [];
    const chain = await limited(1000, ranges);
    expect(await chain.registry(CONTRACT).anchors(LEDGER, { fromBlock: 2000n })).toEqual([]);
    expect(ranges).toEqual([]);
  });

  test("logs that were not asked for are refused", async () => {
    const chain = await connectTo(({ method }) => ({ result: method === "eth_getLogs" ? [log(5)] : block(9) }));
    await expectUnavailable(chain.registry(CONTRACT).anchors(LEDGER));
  });
});
