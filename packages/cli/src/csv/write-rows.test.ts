import { appendFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LedgerError } from "@eventchain/core";
import type { Ledger } from "@eventchain/ledger";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { checkRows } from "./check-rows.ts";
import { parseMap } from "./read-map.ts";
import { writeRows } from "./write-rows.ts";

const map = parseMap({ stream: "s-{group}", type: "Counted", data: ["n"] });
const { signal } = new AbortController();
let path = "";
let folder = "";

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "eventchain-write-"));
  path = join(folder, "rows.csv");
  const rows = Array.from({ length: 5000 }, (_, index) => `${index + 1},${index % 3}\n`);
  await writeFile(path, `n,group\n${rows.join("")}`);
});
afterEach(() => rm(folder, { recursive: true }));

/**
 * A ledger in memory that takes what waits in groups, one group in a turn of the event loop, as the SDK does; `fail` says
 * which groups cannot be written.
 */
function groupedLedger(fail: (group: number) => LedgerError | undefined) {
  const stored = new Map<string, number>();
  const waiting: { id: string; n: number; signal: AbortSignal; settle(error?: LedgerError): void }[] = [];
  let groups = 0;
  function take(): void {
    const group = waiting.splice(0, 500).filter((each) => !each.signal.aborted);
    groups += 1;
    const error = fail(groups);
    for (const { id, n, settle } of group) {
      if (error === undefined) stored.set(id, n);
      settle(error);
    }
    if (waiting.length > 0) setImmediate(take);
  }
  const append = (async (_stream, event, options) => {
    const { n } = (event as { data: { n: string } }).data;
    const { commandId: id = "", signal: stop = signal } = options ?? {};
    if (stored.has(id)) return { duplicate: true };
    await new Promise<void>((resolve, reject) => {
      const aborted = (): void => reject(new LedgerError("aborted", "given up"));
      stop.addEventListener("abort", aborted, { once: true });
      const settle = (error?: LedgerError): void => (error === undefined ? resolve() : reject(error));
      if (waiting.length === 0) setImmediate(take);
      waiting.push({ id, n: Number(n), signal: stop, settle });
    });
    return { duplicate: false };
  }) as Ledger["append"];
  return { ledger: { append }, stored };
}

async function write(ledger: Pick<Ledger, "append">, change?: () => Promise<void>) {
  const { digest, rows, bad } = await checkRows(path, map, { signal, onProgress: () => undefined });
  expect({ rows, bad }).toEqual({ rows: 5000, bad: 0 });
  await change?.();
  return writeRows(ledger, path, map, { digest, signal, onProgress: () => undefined });
}

const inOrder = Array.from({ length: 5000 }, (_, index) => index + 1);

describe("writeRows", () => {
  test("writes each row once, in the order of the file; again, none", async () => {
    const { ledger, stored } = groupedLedger(() => undefined);
    expect(await write(ledger)).toEqual({ added: 5000, alreadyThere: 0 });
    expect([...stored.values()]).toEqual(inOrder);
    expect(await write(ledger)).toEqual({ added: 0, alreadyThere: 5000 });
  });

  test("after a group that failed nothing more is written; the same again writes the rest, in order", async () => {
    let broken = true;
    const lost = new LedgerError("database-unavailable", "the server is away");
    const { ledger, stored } = groupedLedger((group) => (broken && group === 3 ? lost : undefined));
    await expect(write(ledger)).rejects.toMatchObject({
      code: "database-unavailable",
      retryable: true,
      message: expect.stringMatching(
        /rows\.csv: row \d+: the server is away: \d+ rows were added, 0 were already there/,
      ),
      values: { file: path, added: expect.any(Number) },
    });
    const before = [...stored.values()];
    expect(before.length).toBeGreaterThan(0);
    expect(before.length).toBeLessThan(2000);
    expect(before).toEqual(inOrder.slice(0, before.length));
    broken = false;
    expect(await write(ledger)).toEqual({ added: 5000 - before.length, alreadyThere: before.length });
    expect([...stored.values()]).toEqual(inOrder);
  });

  test("says when the file was imported with another map", async () => {
    const reused = new LedgerError("command-id-reused", "other content", { values: { commandId: "x" } });
    const { ledger } = groupedLedger(() => reused);
    await expect(write(ledger)).rejects.toMatchObject({
      code: "command-id-reused",
      message: expect.stringMatching(/was imported before with another map/),
      values: { row: 1, added: 0 },
    });
  });

  test("says when the file was changed after it was checked", async () => {
    const { ledger } = groupedLedger(() => undefined);
    const changed = write(ledger, () => appendFile(path, "5001,0\n"));
    await expect(changed).rejects.toThrow(/was changed while it was imported/);
  });

  test("an interruption stops it", async () => {
    const controller = new AbortController();
    const { ledger, stored } = groupedLedger((group) => {
      if (group === 2) controller.abort();
      return undefined;
    });
    const { digest } = await checkRows(path, map, { signal, onProgress: () => undefined });
    const options = { digest, signal: controller.signal, onProgress: () => undefined };
    await expect(writeRows(ledger, path, map, options)).rejects.toMatchObject({ name: "AbortError" });
    const written = [...stored.values()];
    expect(written.length).toBeLessThan(5000);
    expect(written).toEqual(inOrder.slice(0, written.length));
  });
});
