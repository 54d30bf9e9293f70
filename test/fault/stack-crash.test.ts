import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { afterEach, beforeEach, expect, test } from "vitest";

interface Up {
  databaseUrl: string;
  rpcUrl: string;
  pids: number[];
}

let dir: string;
const parents: ChildProcess[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "eventchain-crash-"));
});

afterEach(async () => {
  for (const parent of parents.splice(0)) parent.kill("SIGKILL");
  await expect.poll(() => processesOf(dir), { timeout: 60_000 }).toEqual([]);
  rmSync(dir, { recursive: true, force: true });
});

/** Starts a process with a stack; its lines come one by one. */
function launch(): { parent: ChildProcess; next: () => Promise<unknown>; exit: Promise<number | string> } {
  const script = fileURLToPath(new URL("stack-parent-process.ts", import.meta.url));
  // In a group of its own, as a shell starts what runs in the foreground.
  const parent = spawn(process.execPath, [script, dir], { stdio: ["ignore", "pipe", "inherit"], detached: true });
  parents.push(parent);
  const exit = new Promise<number | string>((resolve) => {
    parent.once("exit", (code, signal) => resolve(code ?? signal ?? "gone"));
  });
  const lines = createInterface({ input: parent.stdout as NonNullable<typeof parent.stdout> })[Symbol.asyncIterator]();
  return { parent, exit, next: async () => JSON.parse((await lines.next()).value as string) as unknown };
}

async function up(): Promise<ReturnType<typeof launch> & Up> {
  const launched = launch();
  await launched.next();
  return { ...launched, ...((await launched.next()) as Up) };
}

/** Every process, servers and workers, that has this folder on its command line or works in it. */
function processesOf(folder: string): string[] {
  const { stdout } = spawnSync("ps", ["-e", "-o", "pid=,stat=,args="], { encoding: "utf8" });
  return stdout.split("\n").filter((line) => line.includes(folder) && !/^\s*\d+\s+Z/.test(line));
}

function running(pids: readonly number[]): number[] {
  return pids.filter((pid) => {
    const { stdout } = spawnSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" });
    return stdout.trim() !== "" && !stdout.startsWith("Z");
  });
}

async function select(url: string, sql: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows[0];
  } finally {
    await client.end();
  }
}

test("kill -9 of the parent leaves no process behind, and the next start finds the data", async () => {
  const first = await up();
  expect(running(first.pids)).toEqual(first.pids);
  await select(first.databaseUrl, "create table kept as select 42 as answer");
  first.parent.kill("SIGKILL");
  expect(await first.exit).toBe("SIGKILL");
  await expect.poll(() => running(first.pids), { timeout: 60_000 }).toEqual([]);
  const second = await up();
  expect(await select(second.databaseUrl, "select answer from kept")).toEqual({ answer: 42 });
});

test("kill -9 of the parent and of the reaper at once: the next start stops what is left", async () => {
  const first = await up();
  const reapers = spawnSync("pgrep", ["-P", String(first.parent.pid), "-f", "reap"], { encoding: "utf8" });
  const reaper = Number(reapers.stdout.trim());
  expect(reaper).toBeGreaterThan(0);
  process.kill(first.parent.pid as number, "SIGSTOP");
  process.kill(reaper, "SIGKILL");
  first.parent.kill("SIGKILL");
  await first.exit;
  expect(running(first.pids)).toEqual(first.pids);
  const second = await up();
  expect(running(first.pids)).toEqual([]);
  expect(running(second.pids)).toEqual(second.pids);
});

test("a killed reaper is replaced", async () => {
  const first = await up();
  const reaper = (): number =>
    Number(spawnSync("pgrep", ["-P", String(first.parent.pid), "-f", "reap"], { encoding: "utf8" }).stdout.trim());
  const killed = reaper();
  process.kill(killed, "SIGKILL");
  await expect.poll(() => reaper() > 0 && reaper() !== killed, { timeout: 60_000 }).toBe(true);
  first.parent.kill("SIGKILL");
  await first.exit;
  await expect.poll(() => running(first.pids), { timeout: 60_000 }).toEqual([]);
});

test.each(["SIGINT", "SIGTERM"] as const)("%s to the whole group, twice, stops all and exits 0", async (signal) => {
  const first = await up();
  const group = -(first.parent.pid as number);
  process.kill(group, signal);
  process.kill(group, signal);
  expect(await first.exit).toBe(0);
  expect(running(first.pids)).toEqual([]);
  expect(readFileSync(join(dir, "postgres", "log"), "utf8")).toContain("database system is shut down");
  for (const name of ["lock", "postgres/lock", "postgres/pid", "chain/lock", "chain/pid"]) {
    expect(existsSync(join(dir, name)), name).toBe(false);
  }
});

test.each([0, 300, 500])("Ctrl-C %i ms after the start leaves nothing behind", async (afterMs) => {
  const first = launch();
  await first.next();
  await new Promise((resolve) => setTimeout(resolve, afterMs));
  process.kill(-(first.parent.pid as number), "SIGINT");
  expect([0, 2]).toContain(await first.exit);
  await expect.poll(() => processesOf(dir), { timeout: 60_000 }).toEqual([]);
  const second = await up();
  expect(await select(second.databaseUrl, "select 1 as one")).toEqual({ one: 1 });
});

test.each([100, 400])("kill -9 of the parent %i ms after the start leaves nothing behind", async (afterMs) => {
  const first = launch();
  await first.next();
  await new Promise((resolve) => setTimeout(resolve, afterMs));
  first.parent.kill("SIGKILL");
  await first.exit;
  await expect.poll(() => processesOf(dir), { timeout: 60_000 }).toEqual([]);
  const second = await up();
  expect(await select(second.databaseUrl, "select 1 as one")).toEqual({ one: 1 });
});

test("a second start on the folder of a running one is refused and harms nothing", async () => {
  const first = await up();
  const second = launch();
  await second.next();
  expect(await second.next()).toMatchObject({ code: "stack-failed", message: expect.stringContaining("in use") });
  expect(await second.exit).toBe(2);
  expect(running(first.pids)).toEqual(first.pids);
});
