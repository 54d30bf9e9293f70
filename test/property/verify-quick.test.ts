import { type VerifyReport, verifyLedger } from "@eventchain/verifier";
import fc from "fast-check";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type AttackStage, setTheStage } from "../support/attack-stage.ts";
import { recomputeForward, type Victim } from "../support/tamper.ts";

// A ledger is first looked over quickly, by the bytes of its rows, here or on threads. Whatever is done to it, the report is the
// one that reading every row gives.

let stage: AttackStage;
beforeAll(async () => {
  stage = await setTheStage();
});
afterAll(() => stage.close());

/** A pool whose connections do not show their bytes: every row is decoded and judged for itself. */
function plainPool(connectionString: string): pg.Pool {
  const pool = new pg.Pool({ connectionString });
  const connect = pool.connect.bind(pool) as () => Promise<pg.PoolClient>;
  pool.connect = (async () => {
    const client = await connect();
    return new Proxy(client, {
      get(target, key) {
        const value: unknown = key === "connection" ? undefined : Reflect.get(target, key);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  }) as typeof pool.connect;
  return pool;
}

async function reportsOf(spoil: (victim: Victim) => Promise<unknown>): Promise<VerifyReport[]> {
  const { chain } = stage.place;
  const { trust } = stage.ledger;
  let url = "";
  const here = await stage.verify(
    async (victim) => {
      await spoil(victim);
      url = victim.url;
    },
    { threads: 1, snapshots: true },
  );
  const on = await verifyLedger({ database: url, chain, trust, threads: 2, snapshots: true });
  const pool = plainPool(url);
  try {
    return [await verifyLedger({ database: pool, chain, trust, snapshots: true }), here, on];
  } finally {
    await pool.end();
  }
}

test("nothing changed", async () => {
  const [plain, here, on] = await reportsOf(async () => undefined);
  expect(plain).toMatchObject({ ok: true, checked: "330", findings: [] });
  expect([here, on]).toEqual([plain, plain]);
});

const position = fc.integer({ min: 1, max: 330 });
const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => `\\x${Buffer.from(bytes).toString("hex")}`);
const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 30 }).filter((one) => !one.includes("\0"));
const set = (column: string, value: fc.Arbitrary<string | null>): fc.Arbitrary<readonly [string, string | null]> =>
  value.map((one) => [`update events set ${column} = $2 where position = $1`, one] as const);
const other = (sql: string): fc.Arbitrary<readonly [string, null]> => fc.constant([sql, null]);

const change = fc.oneof(
  set(
    "data",
    fc.oneof(
      fc.jsonValue().map((value) => JSON.stringify({ value })),
      fc.constant(null),
    ),
  ),
  set(
    "metadata",
    fc.oneof(
      fc.jsonValue().map((value) => JSON.stringify({ value })),
      fc.constant(null),
    ),
  ),
  set("salt", fc.constantFrom("\\x00", null)),
  ...["data_hash", "meta_hash", "content_hash", "prev_hash", "hash"].map((column) => set(column, hash)),
  set("stream", text),
  set("type", fc.oneof(text, fc.constantFrom("$DataErased", "$HandlerSwitched", "$CommandRejected", "$FormatChanged"))),
  set("tags", fc.constantFrom("{}", "{a,a}", "{{a},{b}}", "{NULL}")),
  set("version", fc.constantFrom("1", "77", "5000000000")),
  set("recorded_at", fc.constantFrom("infinity", "epoch", "2999-01-01")),
  other("delete from events where position = $1"),
  other("update events set position = -position where position = $1"),
  other("update events set data = replace(data::text, ':', ' :')::json where position = $1"),
  other("delete from event_tags where position = $1"),
  other("insert into event_tags select ledger_id, 'extra', type, position from events where position = $1"),
  other("update event_tags set type = type || 'x' where position = $1"),
  other("update event_tags set position = position + 1000 where position = $1"),
  other("delete from commands where first_position <= $1 and last_position >= $1"),
  other("update commands set last_position = last_position + 1 where first_position <= $1 and last_position >= $1"),
  other("update commands set code = 'x' where first_position <= $1 and last_position >= $1"),
  other(
    "insert into commands select ledger_id, 'made up', request_hash, type, actor, outcome, code, $1, $1, at from commands limit 1",
  ),
  other("update log_tiles set hashes = '\\x00' || substr(hashes, 2) where level = -1 and tile = $1 / 256"),
);

test("anything changed", async () => {
  await fc.assert(
    fc.asyncProperty(position, change, fc.boolean(), async (at, [sql, value], forward) => {
      const spoil = async (victim: Victim): Promise<void> => {
        const values = sql.includes("$2") ? [at, value] : [at];
        // What the tables themselves refuse changes nothing.
        await victim.sql(sql, values).catch((error: pg.DatabaseError) => expect(error.code).toMatch(/^23/));
        if (forward && sql.startsWith("update events set data =")) {
          await recomputeForward(victim, stage.ledger, BigInt(at)).catch(() => undefined);
        }
      };
      const reports = await reportsOf(spoil).catch((error: unknown) => error);
      if (!Array.isArray(reports)) {
        expect(reports).toMatchObject({ code: "unsupported-format" });
        return;
      }
      const [plain, here, on] = reports as VerifyReport[];
      expect(here).toEqual(plain);
      expect(on).toEqual(plain);
    }),
    { numRuns: 60 },
  );
}, 300_000);
