import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findRedis, type Stack, startStack } from "@eventchain/devstack";
import pg from "pg";
import { afterEach, beforeEach, expect, test } from "vitest";

let dir: string;
const stacks: Stack[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "eventchain-stack-"));
});

afterEach(async () => {
  await Promise.all(stacks.splice(0).map((stack) => stack.stop()));
  rmSync(dir, { recursive: true, force: true });
});

async function start(options: Partial<Parameters<typeof startStack>[0]> = {}): Promise<Stack> {
  const stack = await startStack({ dir, ...options });
  stacks.push(stack);
  return stack;
}

async function genesisOf(rpcUrl: string): Promise<string> {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "eth_getBlockByNumber", params: ["0x0", false] });
  const answer = (await (await fetch(rpcUrl, { method: "POST", body })).json()) as { result: { hash: string } };
  return answer.result.hash;
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

test("two stacks run side by side and share nothing", async () => {
  const [one, other] = await Promise.all([start({ dir: join(dir, "one") }), start({ dir: join(dir, "other") })]);
  expect(one.databaseUrl).not.toBe(other.databaseUrl);
  expect(one.rpcUrl).not.toBe(other.rpcUrl);
  expect(await genesisOf(one.rpcUrl)).not.toBe(await genesisOf(other.rpcUrl));
  expect(one.redisUrl === null).toBe(findRedis() === undefined);
  expect(one.accounts).toHaveLength(10);
});

test("one folder has one stack at a time, and keeps its data for the next", async () => {
  const first = await start();
  await expect(startStack({ dir })).rejects.toMatchObject({ code: "stack-failed", values: { pid: process.pid } });
  await query(first.databaseUrl, "create table kept as select 1 as one");
  const genesis = await genesisOf(first.rpcUrl);
  await first.stop();
  expect(first.pids()).toEqual([]);
  const second = await start();
  expect(await query(second.databaseUrl, "select one from kept")).toEqual([{ one: 1 }]);
  expect(await genesisOf(second.rpcUrl)).toBe(genesis);
});

test("fresh throws away what a stack has kept, and nothing else", async () => {
  const first = await start();
  const genesis = await genesisOf(first.rpcUrl);
  await query(first.databaseUrl, "create table gone as select 1 as one");
  await first.stop();
  writeFileSync(join(dir, "trust.json"), "{}");
  const second = await start({ fresh: true });
  expect(await genesisOf(second.rpcUrl)).not.toBe(genesis);
  await expect(query(second.databaseUrl, "select from gone")).rejects.toThrow("does not exist");
  expect(existsSync(join(dir, "trust.json"))).toBe(true);
});

test("fresh leaves a folder alone that no stack has made", async () => {
  mkdirSync(join(dir, "chain"));
  writeFileSync(join(dir, "chain", "mine.txt"), "mine");
  await expect(startStack({ dir, fresh: true })).rejects.toMatchObject({ code: "stack-failed" });
  expect(readdirSync(join(dir, "chain"))).toEqual(["mine.txt"]);
});

test("what a URL names is not started", async () => {
  const node = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on("end", () => {
      const ask = JSON.parse(body) as { id: number } | { id: number }[];
      const reply = ({ id }: { id: number }): object => ({ jsonrpc: "2.0", id, result: "0x2a" });
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify(Array.isArray(ask) ? ask.map(reply) : reply(ask)));
    });
  });
  await new Promise<void>((resolve) => node.listen(0, "127.0.0.1", resolve));
  const rpcUrl = `http://127.0.0.1:${(node.address() as { port: number }).port}`;
  try {
    const databaseUrl = "postgres://someone@db.example/ledger";
    const redisUrl = "redis://queue.example";
    const stack = await start({ databaseUrl, redisUrl, rpcUrl });
    expect(stack).toMatchObject({ databaseUrl, redisUrl, rpcUrl, chainId: 42n, accounts: [] });
    expect(stack.pids()).toEqual([]);
    await stack.stop();
    const without = await start({ databaseUrl, redisUrl: null });
    expect(without.redisUrl).toBeNull();
    expect(without.pids()).toHaveLength(1);
    expect(without.chainId).toBe(31337n);
  } finally {
    node.close();
  }
});

test("one part that fails takes the others down with it", async () => {
  mkdirSync(join(dir, "postgres"));
  writeFileSync(join(dir, "postgres", "mine.txt"), "mine");
  await expect(startStack({ dir })).rejects.toMatchObject({ code: "stack-failed" });
  const left = ["redis", "chain"].flatMap((name) => (existsSync(join(dir, name)) ? readdirSync(join(dir, name)) : []));
  expect(left.filter((name) => name === "pid" || name === "lock")).toEqual([]);
  expect(existsSync(join(dir, "lock"))).toBe(false);
});

test("an interrupted start leaves nothing behind", async () => {
  for (const afterMs of [0, 100, 400]) {
    const signal = AbortSignal.timeout(afterMs);
    const failure = await startStack({ dir, signal }).then(
      (stack) => stack.stop(),
      (error: unknown) => error,
    );
    if (failure !== undefined) expect(failure).toMatchObject({ code: "aborted" });
    expect(existsSync(join(dir, "lock"))).toBe(false);
  }
  const stack = await start();
  expect(await query(stack.databaseUrl, "select 1 as one")).toEqual([{ one: 1 }]);
});
