import { setImmediate } from "node:timers/promises";
import { compareUtf8 } from "@eventchain/core";
import {
  decodeEventRow,
  type EventRows,
  type LogStore,
  openPostgresLog,
  openPostgresStore,
  type PostgresStore,
  type SealTransaction,
  type StoredEvent,
} from "@eventchain/store";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { appendSome, asAdministrator, createLedger, testEvent } from "../support/ledger-workers.ts";

let database: TestDatabase;
let store: PostgresStore;
let log: LogStore;

beforeAll(async () => {
  database = await createTestDatabase();
  store = openPostgresStore({ pool: database.pool });
  log = openPostgresLog(database.pool);
});
afterAll(() => database?.drop());

const decode = (rows: EventRows): StoredEvent[] =>
  Array.from({ length: rows.count }, (_, row) => decodeEventRow(rows, row));

async function readRows(transaction: SealTransaction, after: bigint, to: bigint): Promise<StoredEvent[]> {
  const events: StoredEvent[] = [];
  for await (const rows of transaction.events(after, to)) events.push(...decode(rows));
  return events;
}

async function readStored(ledgerId: bigint): Promise<StoredEvent[]> {
  const events: StoredEvent[] = [];
  for await (const event of store.readAll(ledgerId)) events.push(event);
  return events;
}

const plain = ({ ...event }: StoredEvent): object =>
  Object.fromEntries(
    Object.entries(event).map(([key, value]) => [key, value instanceof Uint8Array ? Buffer.from(value) : value]),
  );

describe("the rows that a sealer reads", () => {
  it("are the events that everybody reads, whatever is in them", async () => {
    const { ledgerId } = await createLedger(store);
    const odd = ['"quoted"', "back\\slash", "größe 𝄞", "\ufeffmark", "tab\there", "{a,NULL}", "x".repeat(500)];
    const outcomes = await store.append(
      ledgerId,
      odd.map((name, i) => ({
        events: [testEvent({ stream: name, type: name, tags: odd.slice(0, i).sort(compareUtf8), schema: 10 ** i })],
        expected: [],
      })),
    );
    expect(outcomes.filter(({ outcome }) => outcome === "recorded").length).toBeGreaterThan(3);
    await appendSome(store, ledgerId, 3);
    await asAdministrator(
      database.pool,
      ledgerId,
      "update eventchain.events set data = null, salt = null where ledger_id = $1 and position = 2",
    );
    const stored = await readStored(ledgerId);
    const rows = await log.seal(ledgerId, (transaction) => readRows(transaction, 0n, transaction.headPosition));
    expect(rows.map(plain)).toEqual(stored.map(plain));
  });

  it("show tags that no append would have stored as what they are", async () => {
    const { ledgerId } = await createLedger(store);
    await appendSome(store, ledgerId, 4);
    const tags = ["{{a,b},{c,d}}", "{a,NULL}", "[3:4]={a,b}", "{}"];
    for (const [i, list] of tags.entries()) {
      const update = `update eventchain.events set tags = '${list}' where ledger_id = $1 and position = ${i + 1}`;
      await asAdministrator(database.pool, ledgerId, update);
    }
    const rows = await log.seal(ledgerId, (transaction) => readRows(transaction, 0n, 4n));
    expect(rows.map((event) => event.tags)).toEqual([
      [
        ["a", "b"],
        ["c", "d"],
      ],
      ["a", null],
      ["a", "b"],
      [],
    ]);
  });

  it("come in pages of about a megabyte, in order, however slowly they are taken", async () => {
    const { ledgerId } = await createLedger(store);
    await appendSome(store, ledgerId, 40, { data: JSON.stringify({ text: "y".repeat(300_000) }) });
    await appendSome(store, ledgerId, 2_000);
    const positions: bigint[] = [];
    await log.seal(ledgerId, async (transaction) => {
      for await (const rows of transaction.events(5n, 2_040n)) {
        for (let turn = 0; turn < 20; turn++) await setImmediate();
        expect(rows.bytes.length).toBeLessThan(1_400_000);
        positions.push(...decode(rows).map(({ position }) => position));
      }
    });
    expect(positions).toEqual(Array.from({ length: 2_035 }, (_, i) => BigInt(i + 6)));
  });

  it("may be left before their end: the transaction goes on", async () => {
    const { ledgerId } = await createLedger(store);
    await appendSome(store, ledgerId, 60, { data: JSON.stringify({ text: "y".repeat(300_000) }) });
    await log.seal(ledgerId, async (transaction) => {
      for await (const rows of transaction.events(0n, 60n)) {
        expect(decode(rows)[0]?.position).toBe(1n);
        break;
      }
      expect(await transaction.checkpoint()).toBeUndefined();
      expect((await readRows(transaction, 58n, 60n)).map(({ position }) => position)).toEqual([59n, 60n]);
      expect(await readRows(transaction, 60n, 60n)).toEqual([]);
      expect(await readRows(transaction, 70n, 75n)).toEqual([]);
    });
  });

  it("end with an error of ours where the connection is lost between two pages", async () => {
    const { ledgerId } = await createLedger(store);
    await appendSome(store, ledgerId, 60, { data: JSON.stringify({ text: "y".repeat(300_000) }) });
    const reading = log.seal(ledgerId, async (transaction) => {
      for await (const _ of transaction.events(0n, 60n)) {
        await database.pool.query(
          "select pg_terminate_backend(pid) from pg_stat_activity where query like '%eventchain.seal_after%' and pid <> pg_backend_pid() and datname = current_database()",
        );
      }
    });
    await expect(reading).rejects.toMatchObject({ code: "database-unavailable" });
  });
});
