import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type CliResult, ended, runCli, startCli } from "../support/run-cli.ts";

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "eventchain-up-"));
});
const started: string[] = [];
afterEach(async () => {
  for (const dir of started.splice(0)) await runCli(["down", "--dir", dir]);
});
afterAll(() => rm(root, { recursive: true, force: true }));

interface StackDocument {
  databaseUrl: string;
  redisUrl: string | null;
  rpcUrl: string;
  chainId: string;
  contract: string;
  consoleUrl: string | null;
  ledgers: string[];
  pid: number;
}

/** A new folder whose stack is stopped after the test. */
function newDir(name: string): string {
  const dir = join(root, name);
  started.push(dir);
  return dir;
}

/** Runs a command that must succeed, and reads its JSON. */
async function json<T>(args: readonly string[], input?: string): Promise<T> {
  const result = await runCli([...args, "--json"], input === undefined ? {} : { input });
  expect(result, args.join(" ")).toMatchObject({ exitCode: 0 });
  return JSON.parse(result.stdout) as T;
}

async function failed(args: readonly string[], exitCode: number): Promise<CliResult> {
  const result = await runCli(args);
  expect(result, args.join(" ")).toMatchObject({ exitCode });
  return result;
}

/** The ports of a stack's servers that still take connections. */
async function openPorts(stack: StackDocument): Promise<number[]> {
  const urls = [stack.databaseUrl, stack.rpcUrl, ...(stack.redisUrl === null ? [] : [stack.redisUrl])];
  const open = urls.map(async (url) => {
    const port = Number(new URL(url).port);
    const socket = connect(port, "127.0.0.1");
    const isOpen = await once(socket, "connect").then(
      () => true,
      () => false,
    );
    socket.destroy();
    return isOpen ? [port] : [];
  });
  return (await Promise.all(open)).flat();
}

/** The first line that a process prints. */
async function firstLine(child: ReturnType<typeof startCli>): Promise<string> {
  let text = "";
  for await (const chunk of child.stdout ?? []) {
    text += String(chunk);
    if (text.includes("\n")) break;
  }
  return text;
}

describe("up", () => {
  test("a ledger outlives its stack: appended, final, proved, checked and verified before and after", async () => {
    const dir = newDir("life");
    const at = (...args: string[]): string[] => [...args, "--dir", dir];
    const stack = await json<StackDocument>(at("up", "--detach"));
    expect(JSON.parse(await readFile(join(dir, "stack.json"), "utf8"))).toEqual(stack);
    expect(stack).toMatchObject({ chainId: "31337", consoleUrl: null, ledgers: ["localhost/main"] });
    for (const key of ["seal.key", "anchor.key", "owner.key"]) {
      expect((await stat(join(dir, key))).mode & 0o777).toBe(0o600);
    }
    // The auditor's own copy of the trust root.
    const trust = join(root, "auditor-trust.json");
    await writeFile(trust, await readFile(join(dir, "trust.json")));

    const again = await failed(at("up"), 2);
    expect(again.stderr).toMatch(/in use by process \d+/);

    const opened = { stream: "ticket-1", type: "TicketOpened", data: { title: "printer on fire" } };
    const lines = [opened, { ...opened, stream: "ticket-2" }, { ...opened, type: "TicketClosed" }];
    const sent = await runCli(at("append", "-"), { input: lines.map((line) => `${JSON.stringify(line)}\n`).join("") });
    expect(sent).toMatchObject({ exitCode: 0, stderr: "" });
    expect(
      sent.stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line).position),
    ).toEqual(["1", "2", "3"]);
    const final = await json<{ position: string; state: string }>(at("await", "3"));
    expect(final).toMatchObject({ position: "3", state: "final" });

    const bundle = join(root, "proof.json");
    await json(at("prove", "2", "--out", bundle));
    const check = ["check", bundle, "--trust", trust, "--rpc", stack.rpcUrl];
    const report = await json<{ ok: boolean; checks: { name: string; ok: boolean | null }[] }>(check);
    expect(report.checks.filter(({ ok }) => ok !== true)).toEqual([]);
    const forged = (await readFile(bundle, "utf8")).replaceAll("printer", "toaster");
    await writeFile(join(root, "forged.json"), forged);
    await failed(["check", join(root, "forged.json"), "--trust", trust, "--rpc", stack.rpcUrl], 1);

    const before = await json<object>(at("verify", "--trust", trust));
    expect(before).toMatchObject({
      ok: true,
      trust: "given",
      size: "3",
      sealed: "3",
      anchored: { size: "3", final: true },
      findings: [],
    });
    expect((await runCli(at("verify", "--trust", trust))).stdout).toMatch(/Intact up to position 3\./);
    expect((await runCli(at("verify"))).stdout).toMatch(/Consistent/);
    const events = (await runCli(at("log", "--json"))).stdout;

    expect(await json(at("down"))).toEqual({ stopped: true });
    expect(await openPorts(stack)).toEqual([]);
    expect(await readdir(dir)).not.toContain("stack.json");
    expect((await failed(at("status"), 2)).stderr).toMatch(/start `eventchain up`/);
    expect(await json(at("down"))).toEqual({ stopped: false });

    const second = await json<StackDocument>(at("up", "--detach"));
    expect({ ...second, pid: 0, redisUrl: null }).toEqual({ ...stack, pid: 0, redisUrl: null });
    expect(await json(at("await", "3"))).toEqual(final);
    expect((await runCli(at("log", "--json"))).stdout).toBe(events);
    expect(await json(check)).toMatchObject({ ok: true });
    expect(await json(at("verify", "--trust", trust))).toMatchObject({
      ok: true,
      anchored: { size: "3", final: true },
    });
    await json(at("append", "--stream", "ticket-2", "--type", "TicketClosed", "--data", "{}"));
    expect(await json(at("await", "4"))).toMatchObject({ position: "4", state: "final" });
    expect(await json(at("verify", "--trust", trust))).toMatchObject({ ok: true, anchored: { size: "4" } });

    // What a dishonest administrator would do.
    const client = new pg.Client({ connectionString: second.databaseUrl });
    await client.connect();
    await client.query("set session_replication_role = replica");
    await client.query(`update eventchain.events set data = '{"title":"all is well"}' where position = 2`);
    await client.end();
    const tampered = await runCli(at("verify", "--trust", trust, "--json"));
    expect(tampered.exitCode).toBe(1);
    expect(JSON.parse(tampered.stdout)).toMatchObject({ ok: false, findings: [{ kind: "altered", position: "2" }] });
    expect((await failed(at("verify", "--trust", trust), 1)).stdout).toMatch(/ALTERED 2 .*\n\nNOT INTACT: 1 finding\./);
  });

  test("several ledgers, counted ports, --fresh", async () => {
    const dir = newDir("several");
    const base = 21_000 + (process.pid % 2_000) * 4;
    const up = ["up", "--detach", "--dir", dir, "--port", String(base)];
    const stack = await json<StackDocument>([...up, "--ledger", "shop/a", "--ledger", "shop/b"]);
    expect(stack.ledgers).toEqual(["shop/a", "shop/b"]);
    expect([stack.databaseUrl, stack.rpcUrl].map((url) => Number(new URL(url).port))).toEqual([base + 1, base + 3]);
    const status = await failed(["status", "--dir", dir], 2);
    expect(status.stderr).toMatch(/2 ledgers \(shop\/a, shop\/b\): say which by --ledger/);
    await json(["append", "--dir", dir, "--ledger", "shop/b", "--stream", "s", "--type", "T", "--data", "{}"]);
    await json(["await", "1", "--dir", dir, "--ledger", "shop/b"]);
    const trust = join(dir, "trust-shop%2Fb.json");
    expect(await json(["verify", "--dir", dir, "--trust", trust])).toMatchObject({ ok: true, ledger: "shop/b" });
    const third = await json(["deploy", "--dir", dir, "--ledger", "shop/c"]);
    expect(third).toMatchObject({ ledger: "shop/c", contract: stack.contract });
    await json(["down", "--dir", dir]);

    // Without --ledger: those that the folder has.
    expect(await json(up)).toMatchObject({ ledgers: ["shop/a", "shop/b", "shop/c"], contract: stack.contract });
    await json(["down", "--dir", dir]);
    const fresh = await json<StackDocument>([...up, "--fresh"]);
    expect(fresh.ledgers).toEqual(["localhost/main"]);
    expect((await readdir(dir)).filter((name) => name.startsWith("trust"))).toEqual(["trust.json"]);
    expect(await json(["status", "--dir", dir])).toMatchObject({ ledger: "localhost/main", size: "0" });
  });

  test.each(["SIGINT", "SIGTERM"] as const)("in the foreground, %s stops it cleanly, even twice", async (signal) => {
    const dir = newDir(signal);
    const child = startCli(["up", "--dir", dir, "--json"]);
    const stack = JSON.parse(await firstLine(child)) as StackDocument;
    expect(stack.pid).toBe(child.pid);
    expect(await openPorts(stack)).not.toEqual([]);
    child.kill(signal);
    child.kill(signal);
    expect((await ended(child)).exitCode).toBe(0);
    expect(await openPorts(stack)).toEqual([]);
    expect(await readdir(dir)).not.toContain("stack.json");
  });

  test("a folder that cannot be used, and servers that do not answer, are refused", async () => {
    const dir = newDir("refused");
    await mkdir(join(dir, "postgres"), { recursive: true });
    await writeFile(join(dir, "postgres", "somebody-elses"), "");
    expect((await failed(["up", "--dir", dir, "--detach"], 2)).stderr).toMatch(/postgres was not made/);
    await failed(["up", "--dir", join(dir, "postgres", "somebody-elses")], 2);
    const closed = await failed(["up", "--dir", newDir("closed"), "--database", "postgres://127.0.0.1:1/a"], 2);
    expect(closed.stderr).toMatch(/nothing listens on port 1/);
  });
});
