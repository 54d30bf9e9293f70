// Random tables and random histories: what the events give is the last image, after each run and each change in between.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { importTables, openSqliteSource, parseCrudMap, replayRows, type SqlRow } from "@eventchain/crud";
import { openMemoryLedger } from "@eventchain/ledger/testing";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";

const { DatabaseSync } = process.getBuiltinModule("node:sqlite");
const { signal } = new AbortController();
let folder = "";
let files = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "eventchain-crud-property-"));
});
afterAll(() => rm(folder, { recursive: true }));

type Cell = null | bigint | number | string | Uint8Array;

const cell: fc.Arbitrary<Cell> = fc.oneof(
  fc.constantFrom<Cell[]>(null, 0n, 1n, 1.5, "", "x"),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  // SQLite has no NaN: it keeps NULL instead.
  fc.double({ noNaN: true }),
  fc.string({ unit: "grapheme" }).map((text) => text.replaceAll("\0", "")),
  fc.uint8Array({ maxLength: 20 }),
);

/** A file with one table, whose rows are replaced as a whole. */
function openFile(columns: string): { path: string; fill(rows: readonly (readonly Cell[])[]): void; close(): void } {
  files += 1;
  const path = join(folder, `${files}.sqlite`);
  const database = new DatabaseSync(path);
  database.exec(`create table t (${columns})`);
  return {
    path,
    fill: (rows) => {
      database.exec("begin; delete from t");
      for (const row of rows) database.prepare(`insert into t values (${row.map(() => "?").join(", ")})`).run(...row);
      database.exec("commit");
    },
    close: () => database.close(),
  };
}

type MemoryLedger = ReturnType<typeof openMemoryLedger>;

async function importFile(path: string, ledger: MemoryLedger, map: ReturnType<typeof parseCrudMap>) {
  await using source = await openSqliteSource(path, signal);
  return await importTables({ ledger, source, map, signal });
}

/** The rows of the replay, by their id. */
async function replayed(ledger: MemoryLedger, map: ReturnType<typeof parseCrudMap>): Promise<Map<string, SqlRow>> {
  using rows = await replayRows(ledger, map);
  return new Map([...rows.rows("t")].map((row) => [String(row.get("id")), row]));
}

function expectRows(found: Map<string, SqlRow>, expected: ReadonlyMap<number, readonly Cell[]>): void {
  const plain = (cells: readonly unknown[]) => cells.map((value) => (value instanceof Uint8Array ? [...value] : value));
  expect([...found].map(([id, row]) => [id, ...plain([row.get("a"), row.get("b")])]).sort()).toEqual(
    [...expected].map(([id, cells]) => [String(id), ...plain(cells)]).sort(),
  );
}

test("tables as they are found, one after the other", async () => {
  const map = parseCrudMap({ tables: [{ name: "t", deleted: "record" }] });
  const table = fc.uniqueArray(fc.tuple(fc.nat(5), cell, cell), { selector: ([id]) => id, maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(fc.array(table, { minLength: 1, maxLength: 4 }), async (tables) => {
      const file = openFile("id integer primary key, a, b");
      const ledger = openMemoryLedger();
      for (const rows of tables) {
        file.fill(rows);
        const { compared } = await importFile(file.path, ledger, map);
        expect(compared).toMatchObject({ rows: rows.length, different: 0 });
        expectRows(await replayed(ledger, map), new Map(rows.map(([id, a, b]) => [id, [a, b]])));
        const { tables: [again] = [] } = await importFile(file.path, ledger, map);
        expect(again).toMatchObject({ created: 0, changed: 0, deleted: 0, alreadyThere: rows.length });
      }
      file.close();
    }),
    { numRuns: 25 },
  );
});

test("histories, imported in any number of parts", async () => {
  const operation = { column: "op", insert: "I", update: "U", delete: "D" };
  const history = { order: ["seq"], at: { column: "seq", unit: "seconds" }, operation };
  const map = parseCrudMap({ tables: [{ name: "t", key: ["id"], history }] });
  const few = fc.constantFrom<Cell[]>(null, 1n, 1, "1", -0);
  const change = fc.tuple(fc.constantFrom("I", "U", "U", "D"), fc.nat(3), few, few);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(change, { maxLength: 8 }), { minLength: 1, maxLength: 3 }), async (parts) => {
      const file = openFile("seq integer primary key, op, id integer, a, b");
      const ledger = openMemoryLedger();
      const rows: Cell[][] = [];
      const last = new Map<number, Cell[]>();
      let steps = 0;
      for (const part of parts) {
        for (const [op, id, a, b] of part) {
          rows.push([BigInt(rows.length + 1), op, BigInt(id), a, b]);
          const before = last.get(id);
          const same =
            op === "D"
              ? before === undefined
              : before !== undefined && Object.is(before[0], a) && Object.is(before[1], b);
          steps += same ? 0 : 1;
          if (op === "D") last.delete(id);
          else last.set(id, [a, b]);
        }
        file.fill(rows);
        const {
          tables: [counts],
          compared,
        } = await importFile(file.path, ledger, map);
        expect(compared).toMatchObject({ rows: last.size, different: 0 });
        expect(counts?.noOp).toBe(rows.length - steps);
        expectRows(await replayed(ledger, map), last);
      }
      expect((await Array.fromAsync(ledger.readAll())).length).toBe(steps);
      file.close();
    }),
    { numRuns: 25 },
  );
});
