// Whoever has the writer's credentials and speaks SQL keeps what they like, within bounds: it cannot be removed again.
import { openPostgresStore } from "@eventchain/store";
import { createTestLedger } from "@eventchain/store/testing";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestDatabase, onServer, type TestDatabase, urlOf } from "../support/database.ts";

const login = `eventchain_test_schemas_${process.pid}_${performance.timeOrigin.toFixed(0)}`;

let database: TestDatabase;
let writer: pg.Client;
let ledgerId: bigint;

beforeAll(async () => {
  database = await createTestDatabase();
  ledgerId = (await createTestLedger(openPostgresStore({ pool: database.pool }))).ledgerId;
  await onServer(`create role ${login} login password 'test' in role eventchain_writer`);
  writer = new pg.Client({ connectionString: urlOf(new URL(database.url).pathname.slice(1), login, "test") });
  await writer.connect();
});
afterAll(async () => {
  await writer.end();
  await database.drop();
  await onServer(`drop role if exists ${login}`);
});

const keep = (types: unknown, versions: unknown, schemas: unknown): Promise<pg.QueryResult> =>
  writer.query("select * from eventchain.keep_schemas($1, $2, $3, $4)", [ledgerId, types, versions, schemas]);

const deep = `{"a":${"[".repeat(5_000)}${"]".repeat(5_000)}}`;
const ones = Array.from({ length: 1_025 }, (_, n) => n + 1);

describe("the writer keeps", () => {
  test.each([
    ["no schema of the ledger's own", ["fine", "$T"], [1, 1], ["{}", "{}"]],
    ["nothing past 256 KiB", ["T"], [1], [`{"a":"${"x".repeat(262_144)}"}`]],
    ["nothing nested deeply", ["T"], [1], [deep]],
    ["no text", ["fine", "T"], [1, 1], ["{}", '"{}"']],
    ["no list", ["T"], [1], ["[]"]],
    ["no object with a key twice", ["T"], [1], ['{"a":1,"a":2}']],
    ["what is no JSON", ["T"], [1], ["{"]],
    ["no more than 1,024 at once", ones.map((n) => `T-${n}`), ones, ones.map(() => "{}")],
    ["nothing without a type", ["T"], [1], ["{}", "{}"]],
    ["nothing without a version", ["T", "U"], [1], ["{}", "{}"]],
    ["nothing without a schema", ["T", "U"], [1, 1], ["{}"]],
  ])("%s", async (_, types, versions, schemas) => {
    await expect(keep(types, versions, schemas)).rejects.toMatchObject({ code: "22023" });
    const { rows } = await database.pool.query("select type from eventchain.event_schemas");
    expect(rows).toEqual([]);
  });

  test.each([
    ["a type that is null", [null], [1], ["{}"]],
    ["a version that is null", ["T"], [null], ["{}"]],
    ["a schema that is null", ["T"], [1], [null]],
    ["version 0", ["T"], [0], ["{}"]],
    ["a type without a name", [""], [1], ["{}"]],
  ])("nothing with %s", async (_, types, versions, schemas) => {
    await expect(keep(types, versions, schemas)).rejects.toMatchObject({ code: expect.stringMatching(/^23/) });
  });

  test("nothing of no lists", async () => {
    expect((await keep(null, null, null)).rows).toEqual([]);
    expect((await keep([], [], [])).rows).toEqual([]);
  });
});
