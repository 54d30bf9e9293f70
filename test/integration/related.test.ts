import {
  defineAccess,
  defineCommand,
  defineEvent,
  defineModel,
  type Ledger,
  type RelatedNode,
  stream,
} from "@eventchain/ledger";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { type AnyLedgers, all, memoryLedgers, postgresLedgers } from "../support/any-ledger.ts";

const Moved = defineEvent("Moved", {
  schema: z.object({ parcel: z.string(), to: z.string() }),
  tags: ({ to }) => [`place:${to}`],
});
const move = defineCommand("Move", {
  input: z.object({ parcel: z.string(), to: z.array(z.string()) }),
  context: ({ parcel }) => stream(`parcel-${parcel}`),
  model: defineModel("parcel", { initial: () => 0 }).on(Moved, (count) => count + 1),
  records: [Moved],
  decide: ({ input }) => input.to.map((to) => Moved({ parcel: input.parcel, to })),
});
const access = defineAccess(({ id }) => [{ tags: [`place:${id}`] }]);

type Shape = string | [string, ...Shape[]];

function shapeOf({ event, effects }: RelatedNode): Shape {
  const place = String(event.data?.to);
  return effects.length === 0 ? place : [place, ...effects.map(shapeOf)];
}

describe.each<[string, () => Promise<AnyLedgers>, boolean]>([
  ["on Postgres", postgresLedgers, false],
  ["on Postgres with row-level security", postgresLedgers, true],
  ["in memory", memoryLedgers, false],
])("related %s", (_name, openLedgers, rowSecurity) => {
  let ledgers: AnyLedgers;
  let ledger: Ledger;
  const ids = new Map<string, string>();
  beforeAll(async () => {
    ledgers = await openLedgers();
    ({ ledger } = await ledgers.open("related.test", { commands: [move], access, rowSecurity }));
    const send = async (to: string[], causationId?: string, commandId?: string) => {
      const options = { actor: "carrier", causationId, commandId };
      const receipt = await ledger.execute(move, { parcel: to.join(), to }, options);
      if (receipt.status === "rejected") throw new Error(receipt.code);
      for (const [index, { id }] of receipt.events.entries()) ids.set(to[index] as string, id);
    };
    await send(["depot", "dock"], undefined, "pick-up");
    await send(["van"], ids.get("depot"), "load");
    await send(["ship"], "pick-up");
    await send(["harbour"], ids.get("ship"));
    await send(["house", "garden"], "load");
    await send(["elsewhere"]);
  });
  afterAll(() => ledgers?.close());

  const idOf = (place: string) => ids.get(place) as string;
  const whole: Shape = ["depot", ["van", "house", "garden"], ["ship", "harbour"]];

  test.each([
    ["depot", ["depot"]],
    ["garden", ["depot", "van", "garden"]],
    ["harbour", ["depot", "ship", "harbour"]],
  ])("finds the tree around %s", async (place, path) => {
    const related = await ledger.related(idOf(place));
    expect(shapeOf(related.root)).toEqual(whole);
    expect(related).toMatchObject({ path: path.map(idOf), truncated: false });
  });

  test("gives the events as a read gives them", async () => {
    const { root } = await ledger.related(idOf("elsewhere"));
    const [newest] = await all(ledger.readAll({ backwards: true, limit: 1 }));
    expect(root).toEqual({ event: newest, effects: [] });
  });

  test("a view's tree begins and ends where its actor's sight does", async () => {
    expect(shapeOf((await ledger.as("ship").related(idOf("ship"))).root)).toBe("ship");
    await expect(ledger.as("ship").related(idOf("depot"))).rejects.toMatchObject({ code: "not-found" });
    const forger = await ledger.append("parcel-x", Moved({ parcel: "x", to: "ship" }), { causationId: idOf("depot") });
    const id = forger.events[0]?.id as string;
    expect(await ledger.as("ship").related(id)).toMatchObject({ path: [id], root: { effects: [] } });
  });

  test("cut at maxEvents", async () => {
    const { truncated, root } = await ledger.related(idOf("van"), { maxEvents: 3 });
    expect(truncated).toBe(true);
    expect(shapeOf(root)).toHaveLength(3);
  });
});
