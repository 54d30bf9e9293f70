import { defineCommand, defineEvent, defineModel, type Ledger, reject, stream } from "@eventchain/ledger";
import { given } from "@eventchain/ledger/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { type AnyLedgers, memoryLedgers, postgresLedgers } from "../support/any-ledger.ts";

const RoomsAdded = defineEvent("RoomsAdded", { schema: z.object({ rooms: z.array(z.string()) }) });
const RoomTaken = defineEvent("RoomTaken", { schema: z.object({ room: z.string() }) });

const free = defineModel("free", { initial: () => ({ rooms: [] as string[] }) })
  .on(RoomsAdded, (state, { data }) => ({ rooms: [...state.rooms, ...data.rooms] }))
  .on(RoomTaken, (state, { data }) => ({ rooms: state.rooms.filter((room) => room !== data.room) }));

/** Its first state is one object for all streams, and its handler changes it. */
const none = { count: 0 };
const taken = defineModel("taken", { initial: () => none }).on(RoomTaken, (state) => {
  state.count += 1;
  return state;
});

const base = { input: z.object({}), context: () => stream("hotel"), records: [RoomTaken] } as const;
const careful = { ...base, model: free, rejects: { full: "There is no room" } } as const;

const take = defineCommand("Take", {
  ...careful,
  decide: ({ model: { rooms } }) => (rooms[0] === undefined ? reject("full") : RoomTaken({ room: rooms[0] })),
});
const shifting = defineCommand("Shifting", {
  ...careful,
  decide: ({ model: { rooms } }) => RoomTaken({ room: rooms.shift() ?? "none" }),
});
const adding = defineCommand("Adding", {
  ...careful,
  authorize: ({ model: { rooms } }) => rooms.push("d") > 0,
  decide: () => reject("full"),
});
const counting = defineCommand("Counting", { ...base, model: taken, decide: () => RoomTaken({ room: "any" }) });

const careless = [
  ["decide", shifting, { command: "Shifting" }],
  ["authorize", adding, { command: "Adding" }],
  ["a model's handler", counting, { model: "taken", type: "RoomTaken" }],
] as const;
const loudly = (values: object) => ({ code: "decision-failed", values, cause: expect.any(TypeError) });
const ada = { actor: "ada" };

describe.each([
  ["Postgres", postgresLedgers],
  ["memory", memoryLedgers],
])("on a ledger of %s", (_where, openLedgers) => {
  let ledgers: AnyLedgers;
  let ledger: Ledger;
  beforeAll(async () => {
    ledgers = await openLedgers();
    ({ ledger } = await ledgers.open("frozen.test"));
    await ledger.append("hotel", [RoomsAdded({ rooms: ["c", "b", "a"] }), RoomTaken({ room: "b" })]);
  });
  afterAll(() => ledgers?.close());

  test.each(careless)(
    "%s that changes the model's state fails, each time and alone",
    async (_what, command, values) => {
      const before = await ledger.count();
      for (let attempt = 0; attempt < 2; attempt++)
        await expect(ledger.execute(command, {}, ada)).rejects.toMatchObject(loudly(values));
      expect(await ledger.count()).toBe(before);
      expect(await ledger.state(free, "hotel")).toEqual({ rooms: ["c", "a"] });
    },
  );

  test("state() fails where a handler changes what it is given, and no other stream sees it", async () => {
    await expect(ledger.state(taken, "hotel")).rejects.toMatchObject(loudly({ model: "taken" }));
    expect(await ledger.state(taken, "elsewhere")).toEqual({ count: 0 });
  });

  test("a group of commands is decided on what none of them has changed", async () => {
    const group = [shifting, take, adding, take, take].map((command) => ledger.execute(command, {}, ada));
    const settled = await Promise.allSettled(group);
    expect(settled.map((each) => (each.status === "fulfilled" ? each.value.status : each.reason.code))).toEqual([
      "decision-failed",
      "recorded",
      "decision-failed",
      "recorded",
      "rejected",
    ]);
  });
});

test.each(careless)("given(…): %s that changes the model's state fails", (_what, command, values) => {
  const { outcome } = given(RoomsAdded({ rooms: ["b", "a"] }), RoomTaken({ room: "b" })).when(command, {});
  expect(outcome).toMatchObject({ status: "failed", error: loudly(values) });
});
