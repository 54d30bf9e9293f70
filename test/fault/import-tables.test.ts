// The one durable step of an import of tables, an append, fails at any place: before it was stored, or stored and reported as failed.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LedgerError } from "@eventchain/core";
import { type ImportReport, importTables, openSqliteSource, parseCrudMap } from "@eventchain/crud";
import type { Ledger, LedgerEvent } from "@eventchain/ledger";
import { openMemoryLedger } from "@eventchain/ledger/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const { DatabaseSync } = process.getBuiltinModule("node:sqlite");
const { signal } = new AbortController();
const operation = { column: "op", insert: "I", update: "U", delete: "D" };
const history = { order: ["seq"], at: { column: "seq", unit: "seconds" }, operation };
const map = parseCrudMap({
  tables: [
    { name: "plain", deleted: "record" },
    { name: "log", key: ["id"], history },
  ],
});
let folder = "";
let path = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "eventchain-import-fault-"));
  path = join(folder, "source.sqlite");
  const database = new DatabaseSync(path);
  database.exec(`
    create table plain (id integer primary key, v);
    insert into plain values (1, 'a'), (2, 'b'), (3, 'c');
    create table log (seq integer primary key, op, id, v);
    insert into log values (1, 'I', 1, 1), (2, 'U', 1, 2), (3, 'U', 1, 2), (4, 'I', 2, 1), (5, 'D', 2, 1), (6, 'U', 1, 3)`);
  database.close();
});
afterAll(() => rm(folder, { recursive: true }));

const EVENTS = 8;

async function run(ledger: Pick<Ledger, "append" | "readAll">): Promise<ImportReport> {
  await using source = await openSqliteSource(path, signal);
  return await importTables({ ledger, source, map, signal });
}

const lost = new LedgerError("database-unavailable", "the connection was lost");

/** A ledger whose nth append fails, either way. */
function failing(ledger: ReturnType<typeof openMemoryLedger>, nth: number, stored: boolean) {
  let appends = 0;
  const append: Ledger["append"] = async (...args) => {
    appends += 1;
    if (appends !== nth) return ledger.append(...args);
    if (stored) await ledger.append(...args);
    throw lost;
  };
  return { append, readAll: ledger.readAll.bind(ledger) };
}

const content = async (ledger: ReturnType<typeof openMemoryLedger>): Promise<string[]> => {
  const events: LedgerEvent[] = await Array.fromAsync(ledger.readAll());
  return events.map(({ stream, version, type, data }) => JSON.stringify([stream, String(version), type, data])).sort();
};

describe.each([
  ["not stored", false],
  ["stored, but reported as failed", true],
])("an append that is %s", (_how, stored) => {
  test.each(Array.from({ length: EVENTS }, (_, index) => index + 1))(
    "the %ith of them: the import says so, and run again it gives the same events as if nothing had failed",
    async (nth) => {
      const whole = openMemoryLedger();
      expect((await run(whole)).compared).toMatchObject({ rows: 4, different: 0 });
      expect(await content(whole)).toHaveLength(EVENTS);
      const ledger = openMemoryLedger();
      await expect(run(failing(ledger, nth, stored))).rejects.toMatchObject({
        code: "database-unavailable",
        retryable: true,
        message: expect.stringMatching(/the connection was lost: \d+ events were written; running it again writes/),
      });
      expect((await run(ledger)).compared).toMatchObject({ rows: 4, different: 0 });
      expect(await content(ledger)).toEqual(await content(whole));
    },
  );
});
