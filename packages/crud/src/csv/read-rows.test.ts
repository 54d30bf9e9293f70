import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readRows } from "./read-rows.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "eventchain-csv-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

const { signal } = new AbortController();

async function read(content: string | Uint8Array, name = "rows.csv") {
  const path = join(folder, name);
  await writeFile(path, content);
  const reading = await readRows(path, signal);
  const header = await reading.header();
  const rows = await all(reading.rows());
  return { header, rows, digest: reading.digest(), bytesRead: reading.bytesRead(), fileBytes: reading.fileBytes };
}

describe("readRows", () => {
  const text = 'id,"the ""name"""\r\n1,"a,b"\r\n\r\n2,"two\nlines"\n3,é😀\n';

  test("reads quoted cells, line breaks in cells, blank lines and either line end", async () => {
    const { header, rows, digest, bytesRead, fileBytes } = await read(text);
    expect(header).toEqual(["id", 'the "name"']);
    expect(rows).toEqual([
      { row: 1, line: 2, cells: ["1", "a,b"] },
      { row: 2, line: 5, cells: ["2", "two\nlines"] },
      { row: 3, line: 6, cells: ["3", "é😀"] },
    ]);
    expect(digest).toBe(createHash("sha256").update(text).digest("hex"));
    expect(bytesRead).toBe(fileBytes);
  });

  test("passes over a byte order mark", async () => {
    expect((await read("\ufeffid,name\n1,a\n")).header).toEqual(["id", "name"]);
  });

  test("gunzips; the digest is that of the content, compressed or not", async () => {
    const compressed = gzipSync(text);
    const { rows, digest } = await read(compressed, "rows.csv.gz");
    expect(rows).toHaveLength(3);
    expect(digest).toBe(createHash("sha256").update(text).digest("hex"));
  });

  test("finds characters that are cut by the chunks of the file", async () => {
    const cell = "é😀ж".repeat(30_000);
    const { rows } = await read(`x,id\n${cell},1\na${cell},2\nab${cell},3\n`);
    expect(rows.map(({ cells }) => cells[0])).toEqual([cell, `a${cell}`, `ab${cell}`]);
  });

  test("leaves rows of another length to be judged by their reader", async () => {
    expect((await read("a,b\n1\n1,2,3\n")).rows.map(({ cells }) => cells.length)).toEqual([1, 3]);
  });

  test("a header alone has no rows", async () => {
    expect((await read("a,b\n")).rows).toEqual([]);
  });

  test.each<[string, string | Uint8Array, string, RegExp]>([
    ["an empty file", "", "rows.csv", /rows\.csv is empty: its first line names the columns/],
    ["a column without a name", "a,,b\n1,2,3\n", "rows.csv", /has a column without a name/],
    ["a column twice", "a,b,a\n1,2,3\n", "rows.csv", /names column "a" twice/],
    ["an open quote", 'a,b\n1,"2\n', "rows.csv", /it is not CSV: .*line/i],
    ["a quote within a cell", 'a,b\n1,2"3"\n', "rows.csv", /it is not CSV: /],
    ["Latin-1", Buffer.from("a,b\n1,2\ncaf\xe9,3\n", "latin1"), "rows.csv", /line 3 is not UTF-8/],
    ["UTF-16", Buffer.from("\ufeffa,b\n1,2\n", "utf16le"), "rows.csv", /line 1 is not UTF-8/],
    ["a character that is cut off", Buffer.from("a,b\n1,é").subarray(0, -1), "rows.csv", /line 2 is not UTF-8/],
    [
      "a compressed file that is cut off",
      gzipSync(text).subarray(0, -12),
      "cut.csv.gz",
      /the compressed file is cut off/,
    ],
    ["text that is called .gz", text, "text.csv.gz", /it is not a gzip file/],
  ])("refuses %s", async (_what, content, name, message) => {
    const refused = read(content, name);
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.toMatchObject({ code: "invalid-argument", values: { file: join(folder, name) } });
  });

  test.each([
    ["no file", "missing.csv", /there is no such file/],
    ["a folder", ".", /it is not a file/],
  ])("refuses %s", async (_what, name, message) => {
    await expect(readRows(join(folder, name), signal)).rejects.toThrow(message);
  });

  test("a file that nobody reads to its end is let go", async () => {
    await writeFile(join(folder, "rows.csv"), `a,b\n${"1,2\n".repeat(100_000)}`);
    const reading = await readRows(join(folder, "rows.csv"), signal);
    await reading.header();
    for await (const { row } of reading.rows()) if (row === 10) break;
    expect(reading.bytesRead()).toBeLessThan(reading.fileBytes);
  });
});
