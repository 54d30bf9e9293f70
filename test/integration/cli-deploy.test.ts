import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LocalChain, startChain } from "@eventchain/devstack";
import { afterAll, beforeAll, expect, test } from "vitest";
import { onServer, urlOf } from "../support/database.ts";
import { ended, runCli, startCli } from "../support/run-cli.ts";

// A deployment piece by piece: a database and a chain of somebody else's, keys in files, no Redis.

const database = `cli_deploy_${process.pid}`;
let dir: string;
let chain: LocalChain;
let env: Record<string, string>;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "eventchain-deploy-"));
  chain = await startChain({ dir: join(dir, "chain") });
  await onServer(`create database ${database}`);
  const [owner, anchorer] = chain.accounts;
  const keep = async (name: string, key: string): Promise<string> => {
    await writeFile(join(dir, name), `${key}\n`, { mode: 0o600 });
    return join(dir, name);
  };
  env = {
    DATABASE_URL: urlOf(database),
    RPC_URL: chain.url,
    EVENTCHAIN_DIR: join(dir, "state"),
    SEAL_KEY_FILE: await keep("seal", "5e".repeat(32)),
    ANCHOR_KEY_FILE: await keep("anchor", anchorer?.privateKey ?? ""),
    OWNER_KEY_FILE: await keep("owner", owner?.privateKey ?? ""),
  };
});
afterAll(async () => {
  await chain.stop();
  await onServer(`drop database if exists ${database} with (force)`);
  await rm(dir, { recursive: true, force: true });
});

async function run(args: readonly string[], change: Record<string, string> = {}) {
  return await runCli(args, { env: { ...env, ...change } });
}

async function json(args: readonly string[]) {
  const result = await run([...args, "--json"]);
  expect(result, args.join(" ")).toMatchObject({ exitCode: 0 });
  return JSON.parse(result.stdout);
}

test("migrate, deploy, workers: a ledger is final and intact, and every step may be repeated", async () => {
  const early = await run(["deploy", "--ledger", "shop.example/orders"]);
  expect(early).toMatchObject({ exitCode: 2, stdout: "" });
  expect(early.stderr).toMatch(/eventchain migrate/);

  const first = await json(["migrate"]);
  expect(first.applied).not.toEqual([]);
  expect(await json(["migrate"])).toEqual({ applied: [], version: first.version });

  const deployed = await json(["deploy", "--ledger", "shop.example/orders"]);
  expect(deployed).toMatchObject({
    ledger: "shop.example/orders",
    chainId: "31337",
    owner: chain.accounts[0]?.address,
  });
  expect(deployed.trust).toBe(join(dir, "state", "trust.json"));
  expect(JSON.parse(await readFile(deployed.trust, "utf8"))).toMatchObject({
    origin: "shop.example/orders",
    vkeys: deployed.vkeys,
  });
  expect(await json(["deploy", "--ledger", "shop.example/orders"])).toEqual(deployed);
  const second = await json(["deploy", "--ledger", "shop.example/stock", "--contract", deployed.contract]);
  expect(second).toMatchObject({
    contract: deployed.contract,
    trust: join(dir, "state", "trust-shop.example%2Fstock.json"),
  });

  const workers = startCli(["workers"], { env });
  const stopped = ended(workers);
  await json(["append", "--ledger", "shop.example/orders", "--stream", "o-1", "--type", "Ordered", "--data", "{}"]);
  expect(await json(["await", "1", "--ledger", "shop.example/orders"])).toMatchObject({ state: "final" });
  workers.kill("SIGTERM");
  expect(await stopped).toMatchObject({ exitCode: 0, stdout: "" });

  const verify = ["verify", "--trust", deployed.trust];
  expect(await json(verify)).toMatchObject({ ok: true, trust: "given", anchored: { size: "1", final: true } });
  expect(await json([...verify, "--offline"])).toMatchObject({ ok: true, offline: true, anchored: null });
  const noChain = await run(verify, { RPC_URL: "" });
  expect(noChain).toMatchObject({ exitCode: 2, stdout: "" });
  expect(noChain.stderr).toMatch(/no chain is at hand.*--rpc URL.*--offline/);
});

test("`up` on servers of somebody else's continues what was deployed, and writes down no password", async () => {
  await json(["migrate"]);
  const { contract } = await json(["deploy", "--ledger", "shop.example/orders"]);
  const url = new URL(env.DATABASE_URL ?? "");
  // Which password is right depends on the server; that it is not written down does not.
  if (url.password === "") url.password = "hush";
  const named = { ...env, DATABASE_URL: url.href, EVENTCHAIN_DIR: join(dir, "up") };
  const up = await runCli(["up", "--detach", "--json", "--ledger", "shop.example/orders"], { env: named });
  try {
    expect(up).toMatchObject({ exitCode: 0 });
    const stack = JSON.parse(up.stdout);
    expect(stack).toMatchObject({ contract, rpcUrl: chain.url, ledgers: ["shop.example/orders"] });
    expect(new URL(stack.databaseUrl)).toMatchObject({ host: url.host, username: url.username, password: "" });
    for (const file of ["stack.json", "up.log", "workers.log"]) {
      expect(await readFile(join(dir, "up", file), "utf8")).not.toContain(url.password);
    }
  } finally {
    await runCli(["down"], { env: named });
  }
});

test("what cannot be deployed is said in one line", async () => {
  await json(["migrate"]);
  const refused: [readonly string[], Record<string, string>, RegExp][] = [
    [["deploy"], { OWNER_KEY_FILE: "" }, /OWNER_KEY_FILE is not set.*name a file, mode 0600/],
    [["deploy"], { OWNER_KEY_FILE: join(dir, "missing") }, /missing cannot be used: ENOENT/],
    [["deploy"], { OWNER_KEY_FILE: env.SEAL_KEY_FILE ?? "" }, /0x and 64 hex digits/],
    [["deploy"], { SEAL_KEY_FILE: env.OWNER_KEY_FILE ?? "" }, /64 hex digits/],
    [["deploy", "--contract", "0x12"], {}, /address/],
    [["deploy", "--contract", `0x${"12".repeat(20)}`], {}, /no AnchorRegistry at 0x1212/],
    [["deploy", "--ledger", "a", "--ledger", "b"], {}, /more than once/],
    [["workers"], { SEAL_KEY_FILE: "" }, /SEAL_KEY_FILE is not set/],
    [["workers"], { REDIS_URL: "http://127.0.0.1" }, /REDIS_URL must begin with redis:/],
    [["workers"], { FINALITY: "soon" }, /finality is a number/],
    [["workers"], { RPC_URL: "" }, /no node of a chain is named/],
  ];
  await Promise.all(
    refused.map(async ([args, change, message]) => {
      const result = await run(args, change);
      expect(result, args.join(" ")).toMatchObject({ exitCode: 2, stdout: "", stderr: expect.stringMatching(message) });
      expect(result.stderr).not.toContain("5e5e");
      expect(result.stderr.trim().split("\n"), result.stderr).toHaveLength(1);
    }),
  );
});

test("an owner without funds is told which address needs them", async () => {
  await json(["migrate"]);
  await writeFile(join(dir, "poor"), `0x${"7".repeat(64)}\n`, { mode: 0o600 });
  const { exitCode, stderr } = await run(["deploy", "--ledger", "poor/ledger"], { OWNER_KEY_FILE: join(dir, "poor") });
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(/0x[0-9a-f]{40} \(the key in .*poor\) cannot pay/);
});
