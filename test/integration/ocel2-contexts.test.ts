// Order management (OCEL 2.0) with its objects as tags: contexts over two objects give what the file says.

import {
  type Connection,
  connect,
  defineCommand,
  defineEvent,
  defineModel,
  type Ledger,
  query,
  reject,
} from "@eventchain/ledger";
import { type EventQuery, openPostgresStore } from "@eventchain/store";
import { afterAll, beforeAll, describe, expect, type TestContext, test } from "vitest";
import { z } from "zod";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { createStagedLedger } from "../support/staged-ledger.ts";
import { sharedData } from "../vectors/shared-data.ts";

interface FileEvent {
  id: string;
  type: string;
  time: string;
  objects: { id: string; type: string; qualifier: string }[];
}

/** The file's event, and its objects as tags such as `orders:990001`; some name one object twice. */
interface Row {
  event: FileEvent;
  tags: string[];
}

const EventData = z.object({ ocelId: z.string() });
const ItemPicked = defineEvent("pick item", { schema: EventData });
const OrderPlaced = defineEvent("place order", { schema: EventData });

const howOften = defineModel("howOften", { initial: () => 0 }).on(ItemPicked, (count) => count + 1);
const isPlaced = defineModel("isPlaced", { initial: () => false }).on(OrderPlaced, () => true);
const pickItem = defineCommand("PickItem", {
  input: z.object({ ocelId: z.string(), item: z.string(), order: z.string(), employee: z.string() }),
  model: { picked: howOften, placed: isPlaced },
  context: ({ item, order }) => ({ picked: query({ tags: [item] }), placed: query({ tags: [order] }) }),
  records: [ItemPicked],
  rejects: { "picked-before": "An item is picked once.", "not-placed": "There is no such order." },
  decide: ({ input: { ocelId, item, employee }, model }) => {
    if (!model.placed) return reject("not-placed");
    if (model.picked > 0) return reject("picked-before");
    return ItemPicked({ ocelId }, { stream: item, tags: [item, employee] });
  },
});

const seed = Number(process.env.EVENTCHAIN_SEED ?? Date.now() % 2 ** 31);
const SAMPLE = 60;

let database: TestDatabase;
let connection: Connection;
let ledger: Ledger;
let ledgerId: bigint;
let rows: Row[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  ({ ledgerId } = await createStagedLedger(database.pool, "orders.test"));
  connection = await connect({ database: database.url });
  ledger = await connection.ledger("orders.test", { commands: [pickItem] });
});
afterAll(async () => {
  await connection?.close();
  await database?.drop();
});

function linesOf(context: TestContext, file: string): unknown[] {
  const text = sharedData(context, `ocel2-order-management/${file}`);
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as unknown);
}

/** Into the stream of each event's first object, in the file's order, by appends that are sent in groups. */
async function importOnce(context: TestContext): Promise<void> {
  const events = linesOf(context, "events.jsonl") as FileEvent[];
  if (rows.length > 0) return;
  rows = events.map((event) => ({ event, tags: [...new Set(event.objects.map(({ type, id }) => `${type}:${id}`))] }));
  for (let start = 0; start < rows.length; start += 2_000) {
    const appends = rows
      .slice(start, start + 2_000)
      .map(({ event: { id, type, time }, tags }) =>
        ledger.append(
          tags[0] ?? "",
          { type, data: { ocelId: id }, tags },
          { occurredAt: `${time.replace(" ", "T")}Z`, commandId: id },
        ),
      );
    await Promise.all(appends);
  }
}

/** A different choice for each seed, the same for the same. */
function sampler(): <T>(list: readonly T[], count: number) => T[] {
  let state = seed >>> 0;
  const next = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  return (list, count) => Array.from({ length: count }, () => list[next(list.length)] as (typeof list)[number]);
}

const pairsOf = (left: readonly string[], right: readonly string[]): [string, string][] =>
  left.map((tag, index) => [tag, right[index] ?? ""]);

const idsWhere = (meets: (row: Row) => boolean): string[] => rows.filter(meets).map(({ event }) => event.id);

async function queried(asked: EventQuery): Promise<unknown[]> {
  const ids: unknown[] = [];
  for await (const event of ledger.query(asked)) ids.push(event.data?.ocelId);
  return ids;
}

describe(`contexts over two objects (EVENTCHAIN_SEED=${seed})`, () => {
  test("events of both, and events of either, are what the file says", async (context) => {
    await importOnce(context);
    expect(await ledger.count()).toBe(18_211n);
    const store = openPostgresStore({ pool: database.pool });
    const sample = sampler();
    const tagsOf = (type: string) =>
      [...new Set(rows.flatMap(({ tags }) => tags))].filter((tag) => tag.startsWith(type));
    const [orders, items, employees, customers] = ["orders:", "items:", "employees:", "customers:"].map(tagsOf);
    const together = sample(
      rows.filter(({ tags }) => tags.length > 1),
      SAMPLE,
    );
    const pairs = [
      ...together.map(({ tags }): [string, string] => [tags[0] ?? "", tags[1] ?? ""]),
      ...pairsOf(sample(employees ?? [], SAMPLE), sample(customers ?? [], SAMPLE)),
      ...pairsOf(sample(items ?? [], SAMPLE), sample(employees ?? [], SAMPLE)),
      // No event is about an item and an order.
      ...pairsOf(sample(items ?? [], SAMPLE), sample(orders ?? [], SAMPLE)),
    ];
    let empty = 0;
    for (const [one, other] of pairs) {
      const both = idsWhere(({ tags }) => tags.includes(one) && tags.includes(other));
      const either = idsWhere(({ tags }) => tags.includes(one) || tags.includes(other));
      const picks = idsWhere(({ event, tags }) => event.type === ItemPicked.type && tags.includes(one));
      if (both.length === 0) empty += 1;
      expect(await queried([{ tags: [one, other] }]), `${one} and ${other}`).toEqual(both);
      expect(await queried([{ tags: [one] }, { tags: [other] }]), `${one} or ${other}`).toEqual(either);
      const look = await store.look(ledgerId, [
        { query: [{ tags: [one, other] }] },
        { query: [{ types: [ItemPicked.type], tags: [one] }] },
      ]);
      expect(look.position).toBe(18_211n);
      for (const [index, wanted] of [both, picks].entries()) {
        const ids: string[] = [];
        for await (const { data } of look.contexts[index] ?? []) ids.push(JSON.parse(data ?? "{}").ocelId);
        expect(ids, `look at ${one}, ${other}`).toEqual(wanted);
      }
    }
    expect(empty).toBeGreaterThanOrEqual(SAMPLE);
    expect(empty).toBeLessThan(pairs.length);
  });

  test("a model over two objects counts the events that both have", async (context) => {
    await importOnce(context);
    const events = Object.fromEntries(
      [...new Set(rows.map(({ event }) => event.type))].map((type) => [type, defineEvent(type, { schema: EventData })]),
    );
    const seen = Object.values(events).reduce(
      (model, event) => model.on(event, (ids, { data }) => [...ids, data.ocelId]),
      defineModel("seen", { initial: (): string[] => [] }),
    );
    for (const { tags } of sampler()(
      rows.filter((row) => row.tags.length > 1),
      SAMPLE,
    )) {
      const [one = "", other = ""] = tags;
      expect(await ledger.state(seen, query({ tags: [one, other] }))).toEqual(
        idsWhere((row) => row.tags.includes(one) && row.tags.includes(other)),
      );
    }
  });

  test("an item is picked once, and only for an order that was placed", async (context) => {
    await importOnce(context);
    const objects = linesOf(context, "objects.jsonl") as { id: string; type: string; related: { id: string }[] }[];
    const orders = objects.filter(({ type }) => type === "orders");
    const picked = orders.flatMap(({ id, related }) =>
      related.map((item) => ({ item: `items:${item.id}`, order: `orders:${id}` })),
    );
    expect(picked).toHaveLength(7_670);
    const pick = (ocelId: string, item: string, order: string) =>
      ledger.execute(pickItem, { ocelId, item, order, employee: "employees:Nina Graves" }, { actor: "nina" });
    const before = await ledger.count();

    const again = sampler()(picked, SAMPLE).map(({ item, order }, index) => pick(`again-${index}`, item, order));
    for (const receipt of await Promise.all(again))
      expect(receipt).toMatchObject({ status: "rejected", code: "picked-before" });
    expect(await pick("lost", "items:new", "orders:never")).toMatchObject({ status: "rejected", code: "not-placed" });
    expect(await ledger.count()).toBe(before);

    // Sixteen at once want the same new item.
    const order = picked[0]?.order ?? "";
    const race = await Promise.all(Array.from({ length: 16 }, (_, index) => pick(`new-${index}`, "items:new", order)));
    expect(race.filter(({ status }) => status === "recorded")).toHaveLength(1);
    expect(race.filter((receipt) => receipt.status === "rejected" && receipt.code === "picked-before")).toHaveLength(
      15,
    );
    expect(await ledger.count()).toBe(before + 1n);
  });
});
