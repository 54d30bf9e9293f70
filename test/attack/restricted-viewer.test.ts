// A transaction that is restricted, and speaks SQL: it calls what it may call with whatever it likes, but sets nothing.
import { openPostgresStore } from "@eventchain/store";
import { createTestLedger, newEvent } from "@eventchain/store/testing";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestDatabase, onServer, type TestDatabase, urlOf } from "../support/database.ts";

const login = `eventchain_test_viewer_${process.pid}_${performance.timeOrigin.toFixed(0)}`;
const maxInt64 = (2n ** 63n - 1n).toString();
const minInt64 = (-(2n ** 63n)).toString();

let database: TestDatabase;
let viewer: pg.Client;
let ledgerId: bigint;
let otherId: bigint;

beforeAll(async () => {
  database = await createTestDatabase();
  const store = openPostgresStore({ pool: database.pool });
  ledgerId = (await createTestLedger(store)).ledgerId;
  otherId = (await createTestLedger(store)).ledgerId;
  const metadata = '{"actor":"bob","causationId":"c","correlationId":"w","ip":"::1"}';
  for (const id of [ledgerId, otherId]) {
    const events = ["alice", "bob", "bob", "alice", "bob"].map((who) =>
      newEvent({ stream: who, tags: ["all", who].sort(), metadata }),
    );
    const [outcome] = await store.append(id, [{ events, expected: [] }]);
    expect(outcome).toMatchObject({ outcome: "recorded" });
  }
  await onServer(`create role ${login} login password 'test' in role eventchain_viewer`);
  viewer = new pg.Client({ connectionString: urlOf(new URL(database.url).pathname.slice(1), login, "test") });
  await viewer.connect();
});
afterAll(async () => {
  await viewer.end();
  await database.drop();
  await onServer(`drop role if exists ${login}`);
});

/** Positions that alice may see. */
const seen = ["1", "4"];

/** What a statement gives where only alice's events are to be seen: its value, or the SQLSTATE. */
async function asAlice(sql: string, values: unknown[]): Promise<{ value?: unknown; state?: string }> {
  await viewer.query("begin");
  try {
    await viewer.query(`select eventchain.restrict(${ledgerId}, '[{"tags":["alice"]}]')`);
    const { rows } = await viewer.query({ text: sql, values, rowMode: "array" });
    return { value: rows[0]?.[0] };
  } catch (error) {
    return { state: String((error as { code?: unknown }).code) };
  } finally {
    await viewer.query("rollback");
  }
}

const find = "select eventchain.find_positions($1, $2, $3, $4, $5, $6)";
const count = "select eventchain.count_positions($1, $2, $3, $4)::int";

test("what may be seen is found and counted", async () => {
  expect(await asAlice(find, [ledgerId, 1, 100, false, 100, "{}"])).toEqual({ value: seen });
  expect(await asAlice(count, [ledgerId, 1, 100, '{"items":[{"tags":["all"]}]}'])).toEqual({ value: seen.length });
});

test("a viewer may execute no other function of the schema", async () => {
  const { rows } = await viewer.query(
    `select proname from pg_proc where pronamespace = 'eventchain'::regnamespace
     and has_function_privilege(oid, 'execute') and prorettype <> 'trigger'::regtype order by proname`,
  );
  expect(rows.map(({ proname }) => proname)).toEqual([
    "count_positions",
    "find_positions",
    "restrict",
    "sees",
    "sieve_of",
  ]);
});

const texts = (count: number): string => JSON.stringify(Array.from({ length: count }, (_, n) => `t-${n}`));
/** In place of a list, an object, a text … */
const odd = ["null", "0", "-1e400", "true", '""', '"all"', '"{}"', "[]", "[null]", "[[]]", "[{}]", "{}", '{"a":null}'];
const nested = (depth: number): string => `${'{"items":['.repeat(depth)}${"]}".repeat(depth)}`;

const bob = '"items":[{"tags":["bob"]}]';
const malformed: readonly string[] = [
  ...odd.filter((text) => text !== "{}"),
  '{"Checks":{}}',
  '{"items":[{"tags":["bob"]}],"restriction":"all"}',
  ...odd.filter((text) => text !== "{}").map((text) => `{${bob},"checks":${text}}`),
  ...odd.filter((text) => text !== "[]").map((text) => `{"items":${text}}`),
  ...["streams", "types", "tags"].flatMap((key) =>
    [...odd, "[1]", '["bob",null]', '[["bob"]]'].map((text) => `{"items":[{"${key}":${text}}]}`),
  ),
  ...["restriction", "colour", "", "sieves"].flatMap((key) => [
    `{${bob},"checks":{"${key}":"all"}}`,
    `{"items":[{"tags":["bob"],"${key}":["all"]}]}`,
  ]),
  ...["own", "actor", "ip", "correlationId"].flatMap((key) =>
    odd.filter((text) => !text.startsWith('"')).map((text) => `{${bob},"checks":{"${key}":${text}}}`),
  ),
  ...odd.filter((text) => text !== "[]").map((text) => `{${bob},"checks":{"causationIds":${text}}}`),
  ...odd.filter((text) => text !== "[]" && text !== '"all"').map((text) => `{${bob},"checks":{"access":${text}}}`),
  `{"items":[${Array.from({ length: 1_025 }, (_, n) => `{"tags":["t-${n}"]}`).join(",")}]}`,
  nested(1_000),
  nested(100_000),
];

/** Searches that are some, and ask for more than may be seen. */
const wide: readonly string[] = [
  "{}",
  '{"items":[]}',
  '{"checks":{}}',
  `{${bob}}`,
  `{${bob},"checks":{"access":"all"}}`,
  '{"items":[{"tags":["all","bob"]},{"streams":["alice","bob"]},{"types":["TicketOpened"]}]}',
  '{"items":[{"tags":["alice"]},{"tags":["bob"]}]}',
  ...['"own":false', '"actor":"bob"', '"ip":"::1"', '"correlationId":"w"', '"causationIds":["c"]'].map(
    (text) => `{"checks":{${text},"access":"all"}}`,
  ),
  `{"items":[{"tags":["all"],"types":${texts(2_000)}},{"streams":["bob"]}],"checks":{"causationIds":${texts(2_000)}}}`,
];

/** With a name that can be read. */
const named = (searches: readonly string[]): [name: string, search: string][] =>
  searches.map((search) => [search.length > 100 ? `${search.slice(0, 100)}… (${search.length})` : search, search]);

describe("a restricted transaction is refused, and told nothing, by", () => {
  test.each(named(malformed))("the search %s", async (_, search) => {
    for (const id of [ledgerId, otherId]) {
      // 22023: what is no search. 22P02 and 54001: the cast to jsonb itself, of what is no JSON or nested too deep.
      const refused = { state: expect.stringMatching(/^(22023|22P02|22003|54001)$/) };
      expect(await asAlice(find, [id, 1, 100, false, 100, search])).toEqual(refused);
      expect(await asAlice(count, [id, 1, 100, search])).toEqual(refused);
    }
  });

  test("arguments that are null", async () => {
    const whole: unknown[] = [ledgerId, 1, 100, false, 100, "{}"];
    for (const [index] of whole.entries()) {
      expect(await asAlice(find, whole.with(index, null))).toEqual({ state: "22023" });
    }
    for (const [index] of [0, 1, 2, 3].entries()) {
      expect(await asAlice(count, ([ledgerId, 1, 100, "{}"] as unknown[]).with(index, null))).toEqual({
        state: "22023",
      });
    }
  });
});

describe("a restricted transaction is told of its own events only, by", () => {
  test.each(named(wide))("the search %s", async (_, search) => {
    for (const backwards of [false, true]) {
      const found = await asAlice(find, [ledgerId, 1, 100, backwards, 100, search]);
      expect(seen).toEqual(expect.arrayContaining(found.value as string[]));
      expect(await asAlice(find, [otherId, 1, 100, backwards, 100, search])).toEqual({ value: [] });
    }
    expect(Number((await asAlice(count, [ledgerId, 1, 100, search])).value)).toBeLessThanOrEqual(seen.length);
    expect(await asAlice(count, [otherId, 1, 100, search])).toEqual({ value: 0 });
  });

  test.each([
    [minInt64, maxInt64],
    ["0", maxInt64],
    [maxInt64, minInt64],
    [maxInt64, maxInt64],
    [minInt64, minInt64],
  ])("a range from %s to %s, however many are to be taken", async (low, high) => {
    const all = low.length < 3 || (low === minInt64 && high === maxInt64) ? seen : [];
    for (const search of ["{}", '{"items":[{"streams":["alice"]}]}', '{"items":[{"tags":["all","alice"]}]}', ...wide]) {
      for (const take of [maxInt64, "100", "0", "-1", minInt64]) {
        const { value, state } = await asAlice(find, [ledgerId, low, high, false, take, search]);
        expect(state, search).toBeUndefined();
        expect(all, search).toEqual(expect.arrayContaining(value as string[]));
      }
      expect((await asAlice(count, [ledgerId, low, high, search])).state).toBeUndefined();
    }
  });

  test.each(named(malformed))("restricting itself again, to %s", async (_, access) => {
    await viewer.query("begin");
    try {
      await viewer.query("select eventchain.restrict($1, $2::jsonb)", [ledgerId, access]).then(
        async () => {
          const { rows } = await viewer.query("select distinct ledger_id from eventchain.events");
          // "all" is an access, and one that a transaction can give itself.
          expect(rows).toEqual(access === '"all"' ? [{ ledger_id: String(ledgerId) }] : []);
        },
        (error: unknown) => expect(error).toMatchObject({ code: expect.stringMatching(/^(22|54)/) }),
      );
    } finally {
      await viewer.query("rollback");
    }
  });
});
