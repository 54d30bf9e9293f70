import { openPostgresStore, type PostgresStore } from "@eventchain/store";
import { checkChain, createTestLedger, newEvent, type TestLedger } from "@eventchain/store/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

// Whoever has the writer's credentials may call the append function with anything. Events that begin with $ are the
// ledger's own: none may be stored but those that the function itself writes.

let database: TestDatabase;
let store: PostgresStore;
let ledger: TestLedger;
beforeAll(async () => {
  database = await createTestDatabase();
  store = openPostgresStore({ pool: database.pool });
});
beforeEach(async () => {
  ledger = await createTestLedger(store);
  await store.append(ledger.ledgerId, [{ events: [newEvent()], expected: [] }]);
});
afterEach(() => checkChain(store, ledger));
afterAll(() => database.drop());

/** Each argument of `append_events` as SQL. */
type Call = Record<string, string>;

const uuid = (n: number): string => `019a9f00-0000-7000-8000-${n.toString(16).padStart(12, "0")}`;
const salt = `'\\x000102030405060708090a0b0c0d0e0f'`;
const metadata = `'{"commandId":"c-1"}'`;

/** One rejection with its event, of a command of no name. */
const rejection: Call = {
  command_ids: "array['c-1']",
  request_hashes: `array[decode(repeat('ab', 32), 'hex')]`,
  command_types: "array['Withdraw']",
  command_actors: "array['ada']",
  event_counts: "array[0]",
  expected_counts: "array[0]",
  stream_names: "'{}'",
  expected_streams: "'{}'",
  expected_versions: "'{}'",
  event_streams: "'{}'",
  ids: "'{}'",
  types: "'{}'",
  schemas: "'{}'",
  tags: "'{}'",
  datas: "'{}'",
  salts: "'{}'",
  metadatas: "'{}'",
  meta_salts: "'{}'",
  conditions: "array[null::text]",
  condition_afters: "array[null::bigint]",
  chains: "array[null::int]",
  rejection_codes: "array['no']",
  rejection_reasons: "array[null::text]",
  rejection_ids: `array['${uuid(1)}']::uuid[]`,
  rejection_salts: `array[${salt}::bytea]`,
  rejection_metadatas: `array[${metadata}]`,
  rejection_meta_salts: `array[${salt}::bytea]`,
};

/** One plain event. */
const plain: Call = {
  ...rejection,
  event_counts: "array[1]",
  stream_names: "array['s', '$audit']",
  event_streams: "array[1]",
  ids: `array['${uuid(2)}']::uuid[]`,
  types: "array['T']",
  schemas: "array[1]",
  tags: "array['{}']",
  datas: "array['{}']",
  salts: `array[${salt}::bytea]`,
  metadatas: `array[${metadata}]`,
  meta_salts: `array[${salt}::bytea]`,
  rejection_codes: "array[null::text]",
  rejection_ids: "array[null::uuid]",
  rejection_salts: "array[null::bytea]",
  rejection_metadatas: "array[null::text]",
  rejection_meta_salts: "array[null::bytea]",
};

const types: Call = {
  ...Object.fromEntries(Object.keys(rejection).map((name) => [name, "text[]"])),
  ...Object.fromEntries(
    ["event_counts", "expected_counts", "expected_streams", "event_streams", "schemas", "chains"].map((name) => [
      name,
      "int[]",
    ]),
  ),
  expected_versions: "bigint[]",
  condition_afters: "bigint[]",
  ids: "uuid[]",
  rejection_ids: "uuid[]",
  ...Object.fromEntries(
    ["request_hashes", "salts", "meta_salts", "rejection_salts", "rejection_meta_salts"].map((name) => [
      name,
      "bytea[]",
    ]),
  ),
};
/** As the SDK sends it: a list without a value is null. */
const sent: Call = Object.fromEntries(
  Object.entries(plain).map(([name, sql]) => [name, /^array\[null::/.test(sql) ? "null" : sql]),
);
const eventLists = ["event_streams", "ids", "types", "schemas", "tags", "datas", "salts", "metadatas", "meta_salts"];
const requestLists = Object.keys(rejection).filter(
  (name) => !eventLists.includes(name) && !["stream_names", "expected_streams", "expected_versions"].includes(name),
);

/** Calls the append function as the writer. The outcome of each request, or the SQLSTATE of the refusal. */
async function call(parts: Call): Promise<unknown> {
  const client = await database.pool.connect();
  try {
    await client.query("begin; set local role eventchain_writer");
    const args = Object.entries(parts).map(([name, sql]) => `${name} => (${sql})::${types[name]}`);
    const { rows } = await client.query(
      `select distinct on (request) outcome, code from eventchain.append_events(ledger => $1::bigint, ${args.join(", ")})
        order by request`,
      [ledger.ledgerId],
    );
    await client.query("commit");
    return rows;
  } catch (error) {
    await client.query("rollback");
    return (error as { code: string }).code;
  } finally {
    client.release();
  }
}

async function expectNothingStored(): Promise<void> {
  const { rows } = await database.pool.query(
    `select (select count(*) from eventchain.events where ledger_id = $1::bigint)::int as events,
            (select count(*) from eventchain.event_tags where ledger_id = $1::bigint)::int as tags,
            (select count(*) from eventchain.commands where ledger_id = $1::bigint)::int as commands`,
    [ledger.ledgerId],
  );
  expect(rows).toEqual([{ events: 1, tags: 0, commands: 0 }]);
}

/** What is made of a list in SQL. */
const misshapen: readonly [what: string, change: (sql: string, type: string) => string][] = [
  ["an element too long", (sql, type) => `(${sql})::${type} || (array[null])::${type}`],
  ["its element twice", (sql, type) => `(${sql})::${type} || (${sql})::${type}`],
  ["an element too short", (_, type) => `'{}'::${type}`],
  ["of two dimensions", (sql, type) => `array[(${sql})::${type}]`],
  ["from 0", (sql, type) => `('[0:0]=' || ((${sql})::${type})::text)::${type}`],
];

test("the calls that are made misshapen here are sound as they are", async () => {
  expect(await call(rejection)).toEqual([{ outcome: "rejected", code: "no" }]);
  expect(await call({ ...plain, command_ids: "array['c-2']", metadatas: `array['{"commandId":"c-2"}']` })).toEqual([
    { outcome: "recorded", code: null },
  ]);
  const other = {
    ids: `array['${uuid(3)}']::uuid[]`,
    command_ids: "array['c-3']",
    metadatas: `array['{"commandId":"c-3"}']`,
  };
  expect(await call({ ...sent, ...other })).toEqual([{ outcome: "recorded", code: null }]);
});

describe("a rejection's event cannot be made of the caller's own elements", () => {
  test("where every list of events but the ids' is one longer", async () => {
    const forged: Call = {
      ...rejection,
      stream_names: "array['$audit', '$ledger']",
      event_streams: "array[2]",
      types: "array['$FormatChanged']",
      schemas: "array[7]",
      tags: `array['{"$tag"}']`,
      datas: `array['{"any":"thing"}']`,
      salts: `array[${salt}::bytea]`,
      metadatas: `array[${metadata}]`,
      meta_salts: `array[${salt}::bytea]`,
    };
    expect(await call(forged)).toBe("22023");
    await expectNothingStored();
  });

  const one: Call = Object.fromEntries(eventLists.map((name) => [name, plain[name] ?? ""]));
  one.types = "array['$FormatChanged']";
  test.each(eventLists.filter((name) => name !== "ids"))("where only %s is one longer", async (name) => {
    const parts = { ...rejection, stream_names: "array['$audit', '$ledger']", [name]: one[name] ?? "" };
    expect(await call(parts)).toBe("22023");
    await expectNothingStored();
  });

  test.each(eventLists)("where %s begins at 2", async (name) => {
    const shifted = `('[2:2]=' || ((${one[name]})::${types[name]})::text)::${types[name]}`;
    expect(await call({ ...plain, ...withRejection(), [name]: shifted })).toBe("22023");
    await expectNothingStored();
  });
});

/** Makes `plain` a call of two requests: the event, and a rejection with its event. */
function withRejection(): Call {
  const two: Call = {};
  for (const name of requestLists) {
    two[name] = `(${plain[name]})::${types[name]} || (${rejection[name]})::${types[name]}`;
  }
  return { ...two, command_ids: "array[null, 'c-1']", metadatas: `array['{}']` };
}

describe.each(misshapen)("a list %s is refused", (_, change) => {
  test.each(eventLists)("%s", async (name) => {
    expect(await call({ ...plain, [name]: change(plain[name] ?? "", types[name] ?? "") })).toBe("22023");
    await expectNothingStored();
  });

  test.each([...eventLists, ...requestLists].filter((name) => sent[name] !== "null"))(
    "%s, as it is sent",
    async (name) => {
      expect(await call({ ...sent, [name]: change(sent[name] ?? "", types[name] ?? "") })).toBe("22023");
      await expectNothingStored();
    },
  );

  test.each(requestLists)("%s", async (name) => {
    expect(await call({ ...rejection, [name]: change(rejection[name] ?? "", types[name] ?? "") })).toBe("22023");
    await expectNothingStored();
  });
});

describe("other lists that do not fit are refused", () => {
  test.each<[string, Call]>([
    ["stream names from 0", { stream_names: "'[0:1]={s,$audit}'" }],
    ["stream names of two dimensions", { stream_names: "'{{s,$audit}}'" }],
    ["more expected streams than versions", { expected_counts: "array[1]", expected_streams: "array[1]" }],
    ["more expected versions than streams", { expected_counts: "array[1]", expected_versions: "array[0]" }],
    ["fewer expectations than counted", { expected_counts: "array[1]" }],
    ["more expectations than counted", { expected_streams: "array[1]", expected_versions: "array[0]" }],
    ["fewer events than counted", { event_counts: "array[2]" }],
    ["more events than counted", { event_counts: "array[0]" }],
    ["far too many events counted", { event_counts: "array[2147483647]" }],
    ["a null count of events", { event_counts: "array[null]" }],
    ["a null count of expectations", { expected_counts: "array[null]" }],
    ["a null for the counts of expectations", { expected_counts: "null" }],
    ["a null for the ids", { ids: "null" }],
    ["a negative chain", { chains: "array[-1]" }],
    ["conditions' positions without conditions", { condition_afters: "array[0, 0]" }],
    ["hashes without commands", { command_ids: "null", request_hashes: "'{}'" }],
    ["no types of commands", { command_types: "'{}'" }],
  ])("%s", async (_, parts) => {
    for (const whole of [plain, sent]) expect(await call({ ...whole, ...parts })).toBe("22023");
    await expectNothingStored();
  });
});

describe("an element that is null is missing, and refused as a row", () => {
  test.each(eventLists)("%s", async (name) => {
    for (const whole of [plain, sent])
      expect(await call({ ...whole, [name]: "array[null]" })).toEqual([
        { outcome: "refused", code: "invalid-argument" },
      ]);
    await expectNothingStored();
  });

  test.each(["rejection_ids", "rejection_salts", "rejection_metadatas", "rejection_meta_salts"])("%s", async (name) => {
    expect(await call({ ...rejection, [name]: "array[null]" })).toEqual([
      { outcome: "refused", code: "invalid-argument" },
    ]);
    await expectNothingStored();
  });
});
