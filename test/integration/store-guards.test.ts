import { openPostgresStore, type PostgresStore } from "@eventchain/store";
import { checkChain, createTestLedger, newEvent, type TestLedger } from "@eventchain/store/testing";
import type pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

let database: TestDatabase;
let pool: pg.Pool;
let store: PostgresStore;
let ledger: TestLedger;

beforeAll(async () => {
  database = await createTestDatabase();
  pool = database.pool;
  store = openPostgresStore({ pool });
  ledger = await createTestLedger(store);
  const metadata = '{"commandId":"c"}';
  const command = { id: "c", requestHash: new Uint8Array(32) };
  await store.append(ledger.ledgerId, [{ events: [newEvent({ tags: ["t"], metadata })], expected: [], command }]);
  const id = ledger.ledgerId;
  await pool.query(
    "insert into eventchain.checkpoints (ledger_id, size, root, note) values ($1, 1, sha256('r'), 'n')",
    [id],
  );
  await pool.query("insert into eventchain.log_tiles values ($1, -1, 0, sha256('a'))", [id]);
  await pool.query(
    `insert into eventchain.anchors (ledger_id, from_size, size, root, chain_id, contract, sender, nonce, raw_tx, tx_hash, state)
     values ($1, 0, 1, sha256('r'), 1, '\\x00', '\\x00', 0, '\\x00', '\\x00', 'prepared')`,
    [id],
  );
});
afterAll(async () => {
  await checkChain(store, ledger);
  await database.drop();
});

const refused = { code: "42501", message: expect.stringContaining("append-only") };

describe("even the owner of the tables", () => {
  test.each(["events", "event_tags", "commands", "checkpoints", "log_tiles", "anchors"])(
    "cannot delete from %s",
    async (table) => {
      await expect(pool.query(`delete from eventchain.${table}`)).rejects.toMatchObject(refused);
      await expect(pool.query(`truncate eventchain.${table} cascade`)).rejects.toMatchObject(refused);
      expect((await pool.query(`select from eventchain.${table}`)).rowCount).toBe(1);
    },
  );

  test.each(["events", "event_tags", "commands", "checkpoints"])("cannot change any column of %s", async (table) => {
    const { rows } = await pool.query(
      "select attname from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped",
      [`eventchain.${table}`],
    );
    expect(rows.length).toBeGreaterThan(3);
    for (const { attname } of rows) {
      await expect(
        pool.query(`update eventchain.${table} set "${attname}" = "${attname}"`),
        attname,
      ).rejects.toMatchObject(refused);
    }
  });

  test("can let a tile grow, but not change or shrink it", async () => {
    await pool.query("update eventchain.log_tiles set hashes = hashes || sha256('b')");
    await pool.query("update eventchain.log_tiles set hashes = hashes");
    for (const change of ["hashes = sha256('a')", "hashes = sha256('x') || sha256('b')", "tile = 1", "level = 1"]) {
      await expect(pool.query(`update eventchain.log_tiles set ${change}`), change).rejects.toMatchObject(refused);
    }
  });
});

describe("the door of the erasure", () => {
  /** Runs one update behind the door, and takes it back. */
  async function erase(change: string): Promise<number | null> {
    const client = await pool.connect();
    try {
      await client.query("begin");
      await client.query("select set_config('eventchain.erasing', 'yes', true)");
      return (await client.query(`update eventchain.events set ${change}`)).rowCount;
    } finally {
      await client.query("rollback");
      client.release();
    }
  }

  test("lets a payload go with its salt", async () => {
    expect(await erase("data = null, salt = null")).toBe(1);
    expect(await erase("metadata = null, meta_salt = null")).toBe(1);
    expect(await erase("data = null, salt = null, metadata = null, meta_salt = null")).toBe(1);
  });

  test.each([
    "data = null",
    "salt = null",
    "metadata = null",
    "meta_salt = null",
    "data = '{}', salt = null",
    "data = null, salt = null, type = 'Other'",
    "data = null, salt = null, tags = '{}'",
    "data = null, salt = null, data_hash = sha256('')",
    "data = null, salt = null, recorded_at = now()",
    "data = null, salt = null, metadata = '{}'",
    "hash = sha256('')",
    "data = '{}'",
  ])("does not let %s pass", async (change) => {
    await expect(erase(change)).rejects.toMatchObject(refused);
  });

  test("is shut again after the transaction", async () => {
    await erase("data = null, salt = null");
    await expect(pool.query("update eventchain.events set data = null, salt = null")).rejects.toMatchObject(refused);
  });
});
