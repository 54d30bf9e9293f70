import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { runCli, startCli } from "../support/run-cli.ts";
import { runInProcess } from "../support/run-program.ts";
import { createStagedLedger } from "../support/staged-ledger.ts";

const sample = fileURLToPath(new URL("../../examples/helpdesk/data/", import.meta.url));
const tickets = join(sample, "tickets.csv");
const ticketsMap = join(sample, "tickets.map.json");

let database: TestDatabase;
let folder = "";
let map = "";
let ledger = "";
let count = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  folder = await mkdtemp(join(tmpdir(), "eventchain-import-"));
  map = join(folder, "map.json");
});
afterAll(async () => {
  await database?.drop();
  await rm(folder, { recursive: true });
});
beforeEach(async () => {
  ledger = `import-${++count}.test`;
  await createStagedLedger(database.pool, ledger);
  await writeFile(map, JSON.stringify({ stream: "s-{id}", type: { column: "what", words: "pascal" }, data: "*" }));
});

const run = (args: readonly string[]) => runInProcess(args, { database: database.url, ledger });

async function importText(text: string | Uint8Array, ...more: string[]) {
  const file = join(folder, "rows.csv");
  await writeFile(file, text);
  return run(["import", file, "--map", map, ...more]);
}

async function log(): Promise<Record<string, unknown>[]> {
  return (await run(["log", "--json"])).lines();
}

describe("import", () => {
  test("makes an event of each row, in the file's order", async () => {
    const { exitCode, json } = await run(["import", tickets, "--map", ticketsMap, "--json"]);
    expect(exitCode).toBe(0);
    const text = await readFile(tickets, "utf8");
    const rows = text.trim().split("\n").slice(1);
    expect(json()).toEqual({
      file: tickets,
      digest: expect.stringMatching(/^[0-9a-f]{64}$/),
      rows: rows.length,
      added: rows.length,
      alreadyThere: 0,
    });
    const events = await log();
    expect(events).toHaveLength(rows.length);
    for (const [index, event] of events.entries()) {
      const [id, what] = (rows[index] ?? "").split(",");
      expect(event.stream).toBe(`ticket-${id}`);
      expect(String(event.type).toLowerCase()).toBe(what?.replaceAll(" ", "").toLowerCase());
    }
    expect(events[0]).toMatchObject({
      position: "1",
      stream: "ticket-1001",
      type: "TicketOpened",
      metadata: { actor: "desk", occurredAt: "2026-01-05T10:20:00.000Z" },
      tags: ["customer:Harbour Clinic", "product:Reporting"],
      data: { seriousness: "normal", customer: "Harbour Clinic", product: "Reporting", service_level: "silver" },
    });
  });

  test("a second run of the same file adds nothing, from any place; more rows are another file", async () => {
    await run(["import", tickets, "--map", ticketsMap]);
    const copy = join(folder, "copy.csv");
    await copyFile(tickets, copy);
    const again = await run(["import", copy, "--map", ticketsMap, "--json"]);
    expect(again.exitCode).toBe(0);
    const { rows, added, alreadyThere } = again.json() as Record<string, number>;
    expect({ added, alreadyThere }).toEqual({ added: 0, alreadyThere: rows });
    expect(await log()).toHaveLength(rows ?? 0);
    const compressed = join(folder, "copy.csv.gz");
    await writeFile(compressed, gzipSync(await readFile(tickets)));
    expect((await run(["import", compressed, "--map", ticketsMap, "--json"])).json()).toMatchObject({ added: 0 });
    const words = await run(["import", tickets, "--map", ticketsMap]);
    expect(words.stdout).toBe(`0 events added, ${rows} were already there\n`);
  });

  test("with another map, a file that was imported is refused", async () => {
    expect((await importText("id,what\n1,a\n")).exitCode).toBe(0);
    await writeFile(map, JSON.stringify({ stream: "other-{id}", type: "A", data: "*" }));
    const { exitCode, json, stderr } = await importText("id,what\n1,a\n", "--json");
    expect(exitCode).toBe(2);
    expect(json()).toMatchObject({ error: { code: "command-id-reused", row: 1, added: 0 } });
    expect(stderr).toMatch(/imported before with another map.*: give that map again/);
    expect(stderr).not.toMatch(/adds what is missing/);
    expect(await log()).toHaveLength(1);
  });

  test("a compressed file, a byte order mark, quoted cells and line breaks within them", async () => {
    const file = join(folder, "rows.csv.gz");
    await writeFile(file, gzipSync('\ufeffid,what\r\n1,"say ""hi"", twice"\r\n2,"two\r\nlines"\r\n'));
    expect((await run(["import", file, "--map", map])).stdout).toBe("2 events added\n");
    expect(await log()).toMatchObject([
      { stream: "s-1", type: "SayHiTwice", data: { id: "1", what: 'say "hi", twice' } },
      { stream: "s-2", type: "TwoLines", data: { id: "2", what: "two\r\nlines" } },
    ]);
  });

  test("an empty file of rows adds nothing", async () => {
    expect((await importText("id,what\n")).stdout).toBe("0 events added\n");
  });

  test("--dry-run checks every row and writes nothing, with no database at hand", async () => {
    const dry = await runInProcess(["import", tickets, "--map", ticketsMap, "--dry-run", "--json"]);
    expect(dry.exitCode).toBe(0);
    expect(dry.json()).toMatchObject({ dryRun: true, rows: expect.any(Number) });
    expect(await log()).toEqual([]);
    const bad = await importText("id,what\n,a\n", "--dry-run");
    expect(bad.exitCode).toBe(2);
  });
});

describe("bad rows", () => {
  test("are named with row, line, column and reason, and nothing is written", async () => {
    await writeFile(map, JSON.stringify({ stream: "s-{id}", type: "{what}", time: "at", data: ["id"] }));
    const text = [
      "id,what,at",
      "1,A,2026-01-31T09:30:00Z",
      ",A,2026-01-31T09:30:00Z",
      '3,"a\nb",2026-02-30T09:30:00Z',
      "4,A",
      "5,A,2026-01-31T09:30:00Z,more",
      "6,$A,2026-01-31T09:30:00Z",
      "7,A,",
      "8,A,yesterday",
    ].join("\n");
    const { exitCode, json } = await importText(text, "--json");
    expect(exitCode).toBe(2);
    const { error } = json() as { error: { badRows: { row: number; line: number; column: string }[] } };
    expect(error).toMatchObject({ code: "invalid-argument", rows: 8, bad: 7 });
    expect(error.badRows.map(({ row, line, column }) => [row, line, column])).toEqual([
      [2, 3, "id"],
      [3, 5, "at"],
      [4, 6, null],
      [5, 7, null],
      [6, 8, null],
      [7, 9, "at"],
      [8, 10, "at"],
    ]);
    expect(await log()).toEqual([]);
    const { stderr, stdout } = await importText(text);
    expect(stdout).toBe("");
    expect(stderr).toMatch(/^row 2 \(line 3\), column "id": is empty$/m);
    expect(stderr).toMatch(/^row 4 \(line 6\): has 2 cells, where the header has 3$/m);
    expect(stderr).toMatch(/7 of 8 rows cannot be recorded, so nothing was written/);
  });

  test("the first twenty are named, all are counted", async () => {
    const { stderr, exitCode } = await importText(`id,what\n${",x\n".repeat(1000)}`);
    expect(exitCode).toBe(2);
    expect(stderr.match(/^row \d+/gm)).toHaveLength(20);
    expect(stderr).toMatch(/and 980 more/);
    expect(stderr).toMatch(/1000 of 1000 rows/);
  });
});

describe("what is not as it should be", () => {
  test.each<[string, () => Promise<{ exitCode: number; stderr: string }>, RegExp]>([
    ["no file", () => run(["import", join(folder, "none.csv"), "--map", map]), /none\.csv: there is no such file/],
    ["no map", () => run(["import", tickets, "--map", join(folder, "none.json")]), /none\.json: there is no such file/],
    ["no --map", () => run(["import", tickets]), /--map/],
    ["an empty file", () => importText(""), /is empty: its first line names the columns/],
    ["Latin-1", () => importText(Buffer.from("id,what\n1,caf\xe9\n", "latin1")), /line 2 is not UTF-8/],
    ["an open quote", () => importText('id,what\n1,"a\n'), /it is not CSV/],
    ["another header", () => importText("Id,What\n1,a\n"), /takes column "id", which the file does not have/],
    ["a folder", () => run(["import", folder, "--map", map]), /it is not a file/],
  ])("%s: exit code 2, one line, nothing written", async (_what, act, message) => {
    const { exitCode, stderr } = await act();
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(message);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(await log()).toEqual([]);
  });

  test.each<[string, string, RegExp]>([
    ["no JSON", "{", /map\.json: /],
    ["a key twice", '{"stream":"a","stream":"b","type":"A","data":"*"}', /stream/],
    ["an unknown key", '{"stream":"a","type":"A","data":"*","tag":["x"]}', /tag/],
    ["a brace out of place", '{"stream":"a-{id","type":"A","data":"*"}', /brace out of place/],
    ["no stream", '{"type":"A","data":"*"}', /stream/],
  ])("a map with %s", async (_what, text, message) => {
    await writeFile(map, text);
    const file = join(folder, "rows.csv");
    await writeFile(file, "id,what\n1,a\n");
    const { exitCode, stderr } = await run(["import", file, "--map", map]);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(message);
  });
});

test("a run that is killed is completed by another one", async () => {
  const rows = 20_000;
  const file = join(folder, "large.csv");
  await writeFile(file, `id,what\n${Array.from({ length: rows }, (_, n) => `${n % 100},row ${n}\n`).join("")}`);
  const args = ["import", file, "--map", map, "--ledger", ledger, "--json"];
  const env = { DATABASE_URL: database.url };
  const child = startCli(args, { env });
  const ended = new Promise((resolve) => child.once("close", resolve));
  const written = async (): Promise<number> => {
    const { json } = await run(["status", "--json"]);
    return Number((json() as { size: string }).size);
  };
  while ((await written()) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  child.kill("SIGKILL");
  await ended;
  const before = await written();
  expect(before).toBeLessThan(rows);
  const { exitCode, stdout } = await runCli(args, { env });
  expect(exitCode).toBe(0);
  const { added, alreadyThere } = JSON.parse(stdout) as Record<string, number>;
  // A group that was on its way when the process was killed may have been committed after the look.
  expect((added ?? 0) + (alreadyThere ?? 0)).toBe(rows);
  expect(alreadyThere).toBeGreaterThanOrEqual(before);
  const events = await log();
  expect(events.map(({ data }) => (data as { what: string }).what)).toEqual(
    Array.from({ length: rows }, (_, n) => `row ${n}`),
  );
});
