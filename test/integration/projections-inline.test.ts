import {
  connect,
  defineCommand,
  defineModel,
  defineProjection,
  type Projection,
  reject,
  stream,
} from "@eventchain/ledger";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { Added, buildsOf, openProjecting, type Projecting, settle } from "../support/projecting.ts";

const SCHEMA = "create table seen (position bigint primary key, stream text not null, n int not null check (n <> 13))";
let handled = 0;

const seen: Projection = defineProjection("seen", { mode: "inline", schema: SCHEMA }).on(
  Added,
  async ({ position, stream: name, data }, db) => {
    handled += 1;
    await db.query("insert into seen values ($1, $2, $3)", [position, name, data.n]);
  },
);

const total = defineModel("total", { initial: () => 0 }).on(Added, (sum, { data }) => sum + data.n);
const addMore = defineCommand("AddMore", {
  input: z.object({ stream: z.string(), n: z.number() }),
  context: (input) => stream(input.stream),
  model: total,
  records: [Added],
  rejects: { "too-many": "The sum is 100 at most" },
  decide: ({ input, model }) => (model + input.n > 100 ? reject("too-many") : Added({ n: input.n })),
});

let database: TestDatabase;
let on: Projecting;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  on = await openProjecting(database, [seen]);
  await settle(on, seen);
  handled = 0;
  return () => on.close();
});

const add = (n: number, options?: { commandId: string }) => on.ledger.append("s", Added({ n }), options);
const numbers = async (): Promise<number[]> =>
  (await on.ledger.readProjections<{ n: number }>("select n from seen order by position")).map(({ n }) => n);

/** Appends as a process that does not have the projection. */
async function addElsewhere(n: number): Promise<void> {
  await using connection = await connect({ database: database.pool });
  const ledger = await connection.ledger(on.ledger.origin, { events: [Added] });
  await ledger.append("s", Added({ n }));
}

test("a ledger is not held while a worker catches up an inline projection that is far behind", async () => {
  await using connection = await connect({ database: database.pool });
  const ledger = await connection.ledger(on.ledger.origin, { events: [Added] });
  await ledger.append("s", Array<ReturnType<typeof Added>>(300).fill(Added({ n: 1 })));
  const held: boolean[] = [];
  const transact: typeof on.projections.transact = (buildId, work, options) => {
    held.push(options?.holdLedger !== undefined);
    return on.projections.transact(buildId, work, options);
  };
  await settle({ ...on, projections: { ...on.projections, transact } }, seen);
  expect(held).toEqual([false]);
  expect(await numbers()).toHaveLength(300);
});

describe("an inline projection", () => {
  test("has each event from its append's receipt on", async () => {
    const receipt = await add(1);
    expect(await numbers()).toEqual([1]);
    await receipt.projected("seen");
    await Promise.all([add(2), add(3)]);
    expect(await numbers()).toEqual([1, 2, 3]);
    expect(await buildsOf(on, "seen")).toMatchObject({ live: "1@3" });
  });

  test("that fails refuses the append: nothing is recorded", async () => {
    await add(1);
    const refused = add(13);
    await expect(refused).rejects.toMatchObject({
      code: "projection-failed",
      message: expect.stringMatching(/^inline projection "seen" refused the append: .*seen_n_check/),
      values: { projection: "seen", type: "Added" },
    });
    expect(await on.ledger.count()).toBe(1n);
    expect(await on.ledger.projections()).toMatchObject([{ state: "live", position: 1n, reason: null }]);
  });

  test("refuses the culprit of a group only", async () => {
    const group = [1, 2, 13, 3, 13, 4].map((n) => add(n));
    const settled = await Promise.allSettled(group);
    expect(settled.map(({ status }) => status)).toEqual([
      "fulfilled",
      "fulfilled",
      "rejected",
      "fulfilled",
      "rejected",
      "fulfilled",
    ]);
    expect((await numbers()).toSorted()).toEqual([1, 2, 3, 4]);
    expect(await on.ledger.count()).toBe(4n);
  });

  test("handles a command id that comes again once", async () => {
    await add(1, { commandId: "once" });
    expect(await add(1, { commandId: "once" })).toMatchObject({ duplicate: true });
    await Promise.all([add(2, { commandId: "group" }), add(2, { commandId: "group" })]);
    expect(await numbers()).toEqual([1, 2]);
    expect(handled).toBe(2);
  });

  test("has nothing of what a group's conflict refuses", async () => {
    const append = (n: number) => on.ledger.append("s", Added({ n }), { expect: "none" });
    const settled = await Promise.allSettled([append(1), append(2), append(3)]);
    expect(settled.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(await numbers()).toHaveLength(1);
    expect(await buildsOf(on, "seen")).toMatchObject({ live: "1@1" });
  });

  test("moves past what is not its own", async () => {
    await on.ledger.append("s", { type: "Other", data: {} });
    await add(2);
    expect(await buildsOf(on, "seen")).toMatchObject({ live: "1@2" });
  });
});

describe("a command", () => {
  const open = () => openProjecting(database, [seen], { commands: [addMore], recordRejections: true });

  test("runs inline projections: recorded, rejected, refused", async () => {
    await on.close();
    on = await open();
    await settle(on, seen);
    const execute = (n: number, commandId?: string) =>
      on.ledger.execute(
        addMore,
        { stream: "s", n },
        { actor: "ada", ...(commandId === undefined ? {} : { commandId }) },
      );
    const receipt = await execute(60, "sixty");
    if (receipt.status !== "recorded") throw new Error("it was rejected");
    await receipt.projected("seen");
    expect(await execute(60)).toMatchObject({ status: "rejected", code: "too-many" });
    // The rejection's own event is one that it has seen.
    expect(await buildsOf(on, "seen")).toMatchObject({ live: "1@2" });
    await expect(execute(13)).rejects.toMatchObject({ code: "projection-failed" });
    expect(await execute(60, "sixty")).toEqual(receipt);
    expect(await numbers()).toEqual([60]);
  });

  test("decides those after a refused one again, in one lane", async () => {
    await on.close();
    on = await open();
    await settle(on, seen);
    const settled = await Promise.allSettled(
      [40, 13, 50].map((n) => on.ledger.execute(addMore, { stream: "s", n }, { actor: "ada" })),
    );
    expect(settled.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(await numbers()).toEqual([40, 50]);
  });
});

describe("an inline projection that is behind", () => {
  test("is left to the worker, and takes over from it at the head", async () => {
    await add(1);
    await addElsewhere(2);
    await add(3);
    expect(await numbers()).toEqual([1]);
    await settle(on, seen);
    expect(await numbers()).toEqual([1, 2, 3]);
    handled = 0;
    await add(4);
    expect(handled).toBe(1);
    expect(await numbers()).toEqual([1, 2, 3, 4]);
  });

  test("by the ledger's own events alone goes on by itself", async () => {
    await add(1);
    await on.ledger.switchHandler("seen", true, { by: "ada" });
    await on.ledger.switchHandler("seen", false, { by: "ada" });
    await on.ledger.switchHandler("seen", true, { by: "ada" });
    await add(2);
    expect(await numbers()).toEqual([1, 2]);
  });

  test("while it is off is left out, and is caught up once it is on again", async () => {
    await on.ledger.switchHandler("seen", false, { by: "ada" });
    const receipt = await add(13);
    await expect(receipt.projected("seen", { timeout: 5_000 })).rejects.toMatchObject({ code: "projection-stopped" });
    expect(await on.ledger.projections()).toMatchObject([{ state: "off" }]);
    await on.ledger.switchHandler("seen", true, { by: "ada" });
    const { reason } = await settle(on, seen);
    expect(reason).toContain("seen_n_check");
    // Stopped, it hinders nobody's appends.
    await add(2);
    expect(await numbers()).toEqual([]);
  });
});

test("a process with another version, or another definition, of an inline projection leaves it alone", async () => {
  const open = async (projection: Projection): Promise<void> => {
    await using connection = await connect({ database: database.pool });
    const ledger = await connection.ledger(on.ledger.origin, { projections: [projection] });
    await ledger.append("s", Added({ n: 1 }));
  };
  const fail = (): never => {
    throw new Error("not this one");
  };
  await open(defineProjection("seen", { mode: "inline", version: 2, schema: SCHEMA }).on(Added, fail));
  await open(defineProjection("seen", { mode: "inline", schema: `${SCHEMA}; select 1` }).on(Added, fail));
  expect(await buildsOf(on, "seen")).toMatchObject({ live: "1@0" });
});

test("a receipt of an unknown projection says which there are", async () => {
  const receipt = await add(1);
  await expect(receipt.projected("sen")).rejects.toMatchObject({
    code: "not-found",
    message: 'this ledger has no projection "sen": it has seen',
  });
});
