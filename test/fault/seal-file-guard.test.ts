import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readlink, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openFileGuard } from "@eventchain/workers";
import { afterEach, beforeEach, expect, it } from "vitest";

const LOCK = "a.json.lock";
const first = { size: 1n, root: new Uint8Array(32).fill(1) };
const second = { size: 2n, root: new Uint8Array(32).fill(2) };
let folder: string;
let children: ChildProcess[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "eventchain-guard-"));
});
afterEach(async () => {
  for (const child of children) child.kill("SIGKILL");
  children = [];
  await rm(folder, { recursive: true, force: true });
});

function start(mode: "hold" | "count"): ChildProcess {
  const program = new URL("./seal-guard-process.ts", import.meta.url).pathname;
  const child = spawn(process.execPath, [program, mode, folder], { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  return child;
}

/** A process that holds the lock and does nothing more. */
async function startHolder(): Promise<ChildProcess> {
  const child = start("hold");
  await once(child.stdout as NonNullable<typeof child.stdout>, "data");
  return child;
}

it("lets one of many writers that read the same entry through, and refuses the others", async () => {
  const results = await Promise.allSettled(
    Array.from({ length: 8 }, () => openFileGuard(folder).write("a", first, undefined)),
  );
  const refused = results.filter((result) => result.status === "rejected");
  expect(refused).toHaveLength(7);
  for (const { reason } of refused) expect(reason).toMatchObject({ code: "guard-mismatch", retryable: true });
  expect(await readdir(folder)).toEqual(["a.json"]);
});

it("counts without a gap with three processes", async () => {
  const counters = [start("count"), start("count"), start("count")];
  const codes = await Promise.all(counters.map(async (child) => (await once(child, "exit"))[0]));
  expect(codes).toEqual([0, 0, 0]);
  expect((await openFileGuard(folder).read("a"))?.size).toBe(60n);
  expect(await readdir(folder)).toEqual(["a.json"]);
});

it("does not write past a process that has only stopped, and goes on when it is dead", async () => {
  await openFileGuard(folder).write("a", first, undefined);
  const holder = await startHolder();
  holder.kill("SIGSTOP");
  const guard = openFileGuard(folder, { lockTimeoutMs: 100 });
  await expect(guard.write("a", second, first)).rejects.toMatchObject({ code: "timeout", retryable: true });
  expect(await guard.read("a")).toEqual(first);
  holder.kill("SIGKILL");
  await once(holder, "exit");
  await guard.write("a", second, first);
  expect(await guard.read("a")).toEqual(second);
  expect(await readdir(folder)).toEqual(["a.json"]);
});

it("lets one of many take a dead process's lock over", async () => {
  const holder = await startHolder();
  holder.kill("SIGKILL");
  await once(holder, "exit");
  const results = await Promise.allSettled(
    Array.from({ length: 8 }, () => openFileGuard(folder).write("a", first, undefined)),
  );
  expect(results.filter((result) => result.status === "fulfilled")).toHaveLength(1);
  expect(await readdir(folder)).toEqual(["a.json"]);
});

it("waits for an owner that it cannot look at", async () => {
  const holder = await startHolder();
  const owner = await readlink(join(folder, LOCK));
  holder.kill("SIGKILL");
  await once(holder, "exit");
  await rm(join(folder, LOCK));
  await symlink(`${owner}0`, join(folder, LOCK));
  const guard = openFileGuard(folder, { lockTimeoutMs: 50 });
  await expect(guard.write("a", first, undefined)).rejects.toMatchObject({ code: "timeout" });
});
