import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { identifyProcess } from "../processes/identify-process.ts";
import { lockFolder } from "./lock-folder.ts";

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "eventchain-lock-"));
});

afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

test("a folder is locked once, and again after it was given back", () => {
  const lock = lockFolder(dir, "it");
  expect(() => lockFolder(dir, "it")).toThrow(
    expect.objectContaining({ code: "stack-failed", values: { dir, pid: process.pid } }),
  );
  lock.release();
  lock.release();
  lockFolder(dir, "it").release();
  expect(readdirSync(dir)).toEqual([]);
});

test.each([
  ["of a process that is gone", JSON.stringify({ pid: 2 ** 22 + 1, started: "boot:1" })],
  ["of an earlier process with this one's number", JSON.stringify({ pid: process.pid, started: "another boot:1" })],
  ["torn by a crash", '{"pid":1'],
  ["empty", ""],
])("a lock %s is taken over", (_what, content) => {
  writeFileSync(join(dir, "lock"), content);
  const lock = lockFolder(dir, "it");
  expect(JSON.parse(readFileSync(join(dir, "lock"), "utf8"))).toMatchObject({ ...identifyProcess(process.pid) });
  lock.release();
  expect(readdirSync(dir)).toEqual([]);
});

test("giving back leaves a lock alone that has become somebody else's", () => {
  const lock = lockFolder(dir, "it");
  writeFileSync(join(dir, "lock"), "somebody else");
  lock.release();
  expect(readFileSync(join(dir, "lock"), "utf8")).toBe("somebody else");
});
