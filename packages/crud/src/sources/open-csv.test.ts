import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SqlValue } from "../values/sql-value.ts";
import { openCsvSource } from "./open-csv.ts";
import type { RowOrder } from "./types.ts";

const { signal } = new AbortController();
let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "eventchain-crud-csv-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function read(text: string | Uint8Array, columns: string[], order: RowOrder): Promise<(readonly SqlValue[])[]> {
  const path = join(folder, typeof text === "string" ? "t.csv" : "t.csv.gz");
  await writeFile(path, text);
  await using source = await openCsvSource(path, { table: "t", nullText: "\\N", signal });
  return await Array.fromAsync(source.rows("t", columns, order));
}

describe("a CSV file", () => {
  test("is a table of texts, ordered by key, with its own order within one", async () => {
    const rows = await read("k,v\nb,1\na,2\nb,3\na,\n", ["k", "v"], { key: ["k"], within: [] });
    expect(rows).toEqual([
      ["a", "2"],
      ["a", ""],
      ["b", "1"],
      ["b", "3"],
    ]);
  });

  test("orders numbers as numbers and times as texts", async () => {
    const numbers = await read("k,v\na,10\na,9\na,1.5\na,1.25\n", ["v"], { key: ["k"], within: ["v"] });
    expect(numbers.flat()).toEqual(["1.25", "1.5", "9", "10"]);
    const times = await read("k,v\na,2026-01-02\na,2025-12-31\na,2026-01-01\n", ["v"], { key: ["k"], within: ["v"] });
    expect(times.flat()).toEqual(["2025-12-31", "2026-01-01", "2026-01-02"]);
  });

  test("may be compressed, and have a text for NULL, and columns of names that SQL would not take", async () => {
    const rows = await read(gzipSync('Id,id,"a\'b"\n\\N,"\0x",☃\n'), ["Id", "id", "a'b"], { key: ["id"], within: [] });
    expect(rows).toEqual([[null, { kind: "text", encoding: "utf-8", bytes: Buffer.from("\0x") }, "☃"]]);
  });

  test("with a row of other cells than its header is refused, by its line", async () => {
    await expect(read("a,b\n1,2\n1\n", ["a"], { key: ["a"], within: [] })).rejects.toMatchObject({
      code: "invalid-argument",
      message: expect.stringMatching(/line 3 has 1 cells, where the header has 2/),
    });
  });
});
