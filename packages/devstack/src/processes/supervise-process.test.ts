import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { identifyProcess, isAlive } from "./identify-process.ts";
import { type SupervisedProcess, superviseProcess } from "./supervise-process.ts";

let dir: string;
const running: SupervisedProcess[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "eventchain-supervise-"));
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((each) => each.stop()));
  rmSync(dir, { recursive: true, force: true });
});

async function supervise(
  script: string,
  options: Partial<Parameters<typeof superviseProcess>[0]> = {},
): Promise<SupervisedProcess> {
  const logFile = join(dir, "log");
  const started = await superviseProcess({
    name: "it",
    command: process.execPath,
    args: ["-e", script],
    logFile,
    ...options,
  });
  running.push(started);
  return started;
}

/** A busy machine may take its time. */
const PATIENTLY = { timeout: 60_000 };

const STAY = "setInterval(() => undefined, 1000)";

test("a process that dies is started again, and none once it is stopped", async () => {
  const said: string[] = [];
  const it = await supervise(STAY, { log: (message) => said.push(message) });
  for (let restarts = 1; restarts <= 2; restarts++) {
    const killed = it.pid as number;
    process.kill(killed, "SIGKILL");
    await expect.poll(() => it.restarts, { timeout: 20_000 }).toBe(restarts);
    expect(it.pid).not.toBe(killed);
  }
  expect(said[0]).toBe("it died of SIGKILL; starting it again");
  const last = identifyProcess(it.pid as number);
  await Promise.all([it.stop(), it.stop()]);
  expect(last !== undefined && isAlive(last)).toBe(false);
  expect(it.pid).toBeUndefined();
  expect(existsSync(join(dir, "log.pid"))).toBe(false);
});

test("a process that is not to be restarted is not", async () => {
  const it = await supervise(STAY, { restart: false });
  process.kill(it.pid as number, "SIGKILL");
  await expect.poll(() => it.pid, PATIENTLY).toBeUndefined();
  expect(it.restarts).toBe(0);
});

test("one that ends before it is ready is told with what it said", async () => {
  const failing = supervise("console.error('no disk'); process.exit(3)", { isReady: () => false });
  await expect(failing).rejects.toMatchObject({
    code: "stack-failed",
    message: expect.stringMatching(/it ended with code 3 before it was ready.*no disk/s),
  });
  await expect(supervise("", { command: join(dir, "nothing") })).rejects.toMatchObject({ code: "stack-failed" });
});

test("one that is never ready, or no longer wanted, is stopped", async () => {
  const seen: number[] = [];
  const isReady = (pid: number): boolean => {
    seen.push(pid);
    return false;
  };
  await expect(supervise(STAY, { isReady, readyTimeoutMs: 100 })).rejects.toMatchObject({ code: "stack-failed" });
  await expect(supervise(STAY, { isReady, signal: AbortSignal.timeout(100) })).rejects.toMatchObject({
    code: "aborted",
  });
  expect(new Set(seen).size).toBe(2);
  for (const pid of seen) expect(identifyProcess(pid)).toBeUndefined();
});

test("one that does not listen is killed after its time", async () => {
  const ready = join(dir, "ready");
  const it = await supervise(
    `process.on("SIGTERM", () => 0); require("fs").writeFileSync(${JSON.stringify(ready)}, ""); ${STAY}`,
    {
      stop: { signal: "SIGTERM", graceMs: 100 },
      isReady: () => existsSync(ready),
    },
  );
  const identity = identifyProcess(it.pid as number);
  await it.stop();
  expect(identity !== undefined && isAlive(identity)).toBe(false);
});

test("what a crash left running is stopped first; a number that is another's by now is left alone", async () => {
  const left = await supervise(STAY, { pidFile: join(dir, "left.pid"), restart: false });
  const other = identifyProcess(left.pid as number);
  writeFileSync(join(dir, "it.pid"), JSON.stringify({ ...other, started: "another time" }));
  const it = await supervise(STAY, { pidFile: join(dir, "it.pid") });
  expect(other !== undefined && isAlive(other)).toBe(true);
  expect(JSON.parse(readFileSync(join(dir, "it.pid"), "utf8"))).toEqual(identifyProcess(it.pid as number));
});

test("its log is only its owner's to read, and is appended to", async () => {
  writeFileSync(join(dir, "log"), "before\n", { mode: 0o600 });
  await supervise(`console.log("after"); ${STAY}`);
  await expect.poll(() => readFileSync(join(dir, "log"), "utf8"), PATIENTLY).toBe("before\nafter\n");
});
