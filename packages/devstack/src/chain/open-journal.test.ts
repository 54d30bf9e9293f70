import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type ChainOrigin, type JournalEntry, openJournal } from "./open-journal.ts";

const ORIGIN: ChainOrigin = { format: 1, chainId: 31337, hardfork: "osaka", timeSeconds: 1, genesis: "0x00" };
const block = (number: number): JournalEntry => ({ block: number, hash: `0x0${number}`, timeSeconds: number });

let dir: string;
let path: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "eventchain-journal-"));
  path = join(dir, "blocks.jsonl");
});

afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

function write(entries: readonly JournalEntry[]): void {
  const journal = openJournal(path);
  journal.begin(ORIGIN);
  for (const entry of entries) journal.append(entry);
  journal.close();
}

function read(): readonly JournalEntry[] {
  const journal = openJournal(path);
  journal.close();
  return [...journal.entries];
}

test("what was written is read, and more can be added", () => {
  const call: JournalEntry = { call: "hardhat_setBalance", params: ["0x01", "0x1"] };
  write([block(1), call, block(2)]);
  const journal = openJournal(path);
  expect(journal.origin).toEqual(ORIGIN);
  journal.append(block(3));
  journal.close();
  expect(read()).toEqual([block(1), call, block(2), block(3)]);
});

test("every torn last line is dropped, and the next one begins in its place", () => {
  write([block(1), block(2)]);
  const whole = readFileSync(path);
  const last = Buffer.from(`${JSON.stringify(block(2))}\n`).length;
  for (let cut = 1; cut <= last; cut++) {
    writeFileSync(path, whole.subarray(0, whole.length - cut));
    expect(read(), `cut ${cut}`).toEqual([block(1)]);
  }
  appendFileSync(path, Buffer.alloc(100));
  const journal = openJournal(path);
  journal.append(block(2));
  journal.close();
  expect(readFileSync(path)).toEqual(whole);
});

test("a cut journal goes on from there", () => {
  write([block(1), block(2), block(3)]);
  const journal = openJournal(path);
  journal.cut(1);
  journal.cut(5);
  journal.append(block(9));
  journal.cut(2);
  journal.close();
  expect(read()).toEqual([block(1), block(9)]);
  const again = openJournal(path);
  again.cut(0);
  again.append(block(4));
  again.close();
  expect(read()).toEqual([block(4)]);
});

test("a line in the middle that cannot be read is told with the way out", () => {
  write([block(1), block(2)]);
  writeFileSync(path, readFileSync(path, "utf8").replace('{"block":1', '{"block":'));
  expect(() => openJournal(path)).toThrow(/line 2 .*--fresh/);
});
