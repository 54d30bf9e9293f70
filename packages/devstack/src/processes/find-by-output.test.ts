import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findByOutput, ticksNow } from "./find-by-output.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "eventchain-output-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

test.runIf(existsSync("/proc/uptime"))("a process is found by where it writes, not one that began later", async () => {
  const file = join(dir, "log");
  const before = ticksNow();
  // A start is counted in hundredths of a second.
  await new Promise((resolve) => setTimeout(resolve, 50));
  const output = openSync(file, "a");
  const child = spawn("sleep", ["60"], { stdio: ["ignore", output, output] });
  closeSync(output);
  await once(child, "spawn");
  const found = (files: string[], ticks: number): number[] => findByOutput(new Set(files), ticks).map(({ pid }) => pid);
  expect(found([file], ticksNow())).toEqual([child.pid]);
  expect(found([file], before)).toEqual([]);
  expect(found([join(dir, "other")], ticksNow())).toEqual([]);
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(found([file], ticksNow())).toEqual([]);
});
