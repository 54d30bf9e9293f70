// The cases of another DCB event store, as data: bwaidelich/dcb-eventstore (MIT).
import {
  type EventQuery,
  type EventStore,
  openMemoryStore,
  openPostgresStore,
  type QueryItem,
} from "@eventchain/store";
import { checkChain, createTestLedger, newEvent, type TestLedger } from "@eventchain/store/testing";
import { afterAll, beforeAll, describe, expect, type TestContext, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { sharedData } from "../vectors/shared-data.ts";

interface GivenEvent {
  id?: string;
  type: string;
  data: string;
  tags: string[];
}

interface ReadCase {
  name: string;
  given: string;
  query: QueryItem[] | null;
  options: { from?: number; backwards?: boolean };
  expectIds: string[];
  extension?: string;
}

interface AppendCase {
  name: string;
  given: string;
  between?: GivenEvent[];
  condition: { failIfEventsMatch: QueryItem[]; after: string | number | null };
  append: GivenEvent[];
  expect: "ok" | "ConditionalAppendFailed";
  thenReadData?: string[];
  note?: string;
}

interface Cases {
  fixtures: Record<string, GivenEvent[]>;
  readCases: ReadCase[];
  appendCases: AppendCase[];
}

function loadCases(context: TestContext): Cases {
  return JSON.parse(sharedData(context, "dcb-store-cases/cases.json"));
}

/** Their events have no stream: each is given one of its own. Their id and data stand in ours. */
function eventOf({ id, type, data, tags }: GivenEvent, index: number): ReturnType<typeof newEvent> {
  return newEvent({ stream: `stream-${index}`, type, tags: [...tags].sort(), data: JSON.stringify({ data, id }) });
}

async function fill(store: EventStore, events: readonly GivenEvent[]): Promise<TestLedger> {
  const ledger = await createTestLedger(store);
  if (events.length > 0) await store.append(ledger.ledgerId, [{ events: events.map(eventOf), expected: [] }]);
  return ledger;
}

async function readTexts(events: AsyncIterable<{ data: string | null }>, key: "id" | "data"): Promise<unknown[]> {
  const found: unknown[] = [];
  for await (const { data } of events) found.push(JSON.parse(data ?? "{}")[key]);
  return found;
}

async function runReadCase(store: EventStore, cases: Cases, one: ReadCase): Promise<void> {
  const ledger = await fill(store, cases.fixtures[one.given] ?? expect.fail(`no fixture ${one.given}`));
  const { from, backwards = false } = one.options;
  // Theirs begins at a position, ours past it.
  const after = from === undefined ? {} : { after: BigInt(backwards ? from + 1 : from - 1) };
  const query: EventQuery = one.query ?? "all";
  const found = await readTexts(store.readAll(ledger.ledgerId, { query, backwards, ...after }), "id");
  expect(found, `${one.name} ${JSON.stringify(one.options)}`).toEqual(one.expectIds);
  await checkChain(store, ledger);
}

/** Where the case names a position in words, it stands in parentheses. */
function positionIn(after: AppendCase["condition"]["after"]): { after?: bigint } {
  if (after === null) return {};
  const digits = typeof after === "number" ? String(after) : /\((\d+)\)$/.exec(after)?.[1];
  return { after: BigInt(digits ?? expect.fail(`no position in ${after}`)) };
}

async function runAppendCase(store: EventStore, cases: Cases, one: AppendCase): Promise<void> {
  const given = cases.fixtures[one.given] ?? expect.fail(`no fixture ${one.given}`);
  const ledger = await fill(store, [...given, ...(one.between ?? [])]);
  const { failIfEventsMatch } = one.condition;
  const condition = { failIfEventsMatch, ...positionIn(one.condition.after) };
  const events = one.append.map((each, index) => eventOf(each, 100 + index));
  const [outcome] = await store.append(ledger.ledgerId, [{ events, expected: [], condition }]);
  expect(outcome?.outcome, one.name).toBe(one.expect === "ok" ? "recorded" : "condition-failed");
  if (one.thenReadData !== undefined) {
    const read = store.readAll(ledger.ledgerId, { query: failIfEventsMatch });
    expect(await readTexts(read, "data"), one.name).toEqual(one.thenReadData);
  }
  await checkChain(store, ledger);
}

let database: TestDatabase;
const stores: Record<string, EventStore> = {};
beforeAll(async () => {
  database = await createTestDatabase();
  stores.Postgres = openPostgresStore({ pool: database.pool });
  stores.memory = openMemoryStore();
});
afterAll(() => database.drop());

describe.each(["Postgres", "memory"])("the store on %s", (name) => {
  const storeOf = (): EventStore => stores[name] ?? expect.fail(`no store ${name}`);

  test("reads as the cases of dcb-eventstore say, but for its extension", async (context) => {
    const cases = loadCases(context);
    const own = cases.readCases.filter(({ extension }) => extension === undefined);
    expect(own).toHaveLength(13);
    for (const one of own) await runReadCase(storeOf(), cases, one);
  });

  test("reads the cases that mix the extension in, without it, to the ids they say", async (context) => {
    const cases = loadCases(context);
    const mixed = cases.readCases.filter(({ extension }) => extension?.includes("dropping that item"));
    expect(mixed).toHaveLength(4);
    for (const one of mixed) {
      const query = (one.query ?? []).filter((item) => !("onlyLastEvent" in item));
      await runReadCase(storeOf(), cases, { ...one, query });
    }
  });

  test("appends on a condition as the cases of dcb-eventstore say, but for the stricter one", async (context) => {
    const cases = loadCases(context);
    const own = cases.appendCases.filter(({ note }) => note === undefined);
    expect(own).toHaveLength(3);
    for (const one of own) await runAppendCase(storeOf(), cases, one);
  });

  test("refuses a condition past the head, where that case fails by a check of its own", async (context) => {
    const cases = loadCases(context);
    const strict = cases.appendCases.find(({ note }) => note !== undefined) ?? expect.fail("no stricter case");
    const ledger = await fill(storeOf(), cases.fixtures[strict.given] ?? []);
    const condition = { failIfEventsMatch: strict.condition.failIfEventsMatch, ...positionIn(strict.condition.after) };
    const events = strict.append.map(eventOf);
    const [outcome] = await storeOf().append(ledger.ledgerId, [{ events, expected: [], condition }]);
    expect(outcome).toMatchObject({ outcome: "refused", code: "invalid-argument" });
  });
});
