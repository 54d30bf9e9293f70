import { expect, test } from "vitest";
import { z } from "zod";
import { defineEvent } from "../events/define-event.ts";
import { defineModel } from "../models/define-model.ts";
import { hasRole } from "./allow.ts";
import { defineCommand } from "./define-command.ts";
import { describeCommands } from "./describe-commands.ts";
import { query, stream } from "./make-context.ts";
import { reject } from "./reject.ts";

const SeatBooked = defineEvent("SeatBooked", {
  version: 3,
  describe: "A seat is taken.",
  schema: z.object({
    seat: z.string(),
    row: z.int().positive(),
    class: z.enum(["first", "second"]),
    price: z.number().max(100),
    meals: z.array(z.string()).optional(),
  }),
  upcast: { 1: (old) => old, 2: (old) => old },
  stream: (data) => `seat-${data.seat}`,
  tags: (data) => [`seat:${data.seat}`, `row:${data.row}`, ...(data.meals ?? []).map((meal) => `meal:${meal}`)],
});
const SeatFreed = defineEvent("SeatFreed", { schema: z.object({ at: z.iso.datetime() }), tags: (data) => [data.at] });
const seat = defineModel("seat", { initial: () => false, describe: "Whether the seat is taken." })
  .on(SeatBooked, () => true)
  .on(SeatFreed, () => false);
const bookSeat = defineCommand("BookSeat", {
  describe: "Takes a seat.",
  input: z.object({ seat: z.string().min(1).describe("such as 4|B"), row: z.int().default(1) }),
  allow: hasRole("traveller"),
  model: { seat, row: defineModel("row", { initial: () => 0 }).on(SeatBooked, (sum) => sum + 1) },
  context: (input) => ({ seat: stream(`seat-${input.seat}`), row: query({ tags: [`row:${input.row}`] }) }),
  records: [SeatBooked],
  rejects: { "seat-taken": "Somebody has it." },
  decide: ({ input, model }) =>
    model.seat ? reject("seat-taken") : SeatBooked({ ...input, class: "first", price: model.row }),
});
const text = describeCommands({ commands: [bookSeat] });

test("says of a command who may issue it, what it takes, decides on and records, and its rules", () => {
  expect(text.slice(0, text.indexOf("## Events"))).toBe(`## Commands

### BookSeat

Takes a seat.

Who may: role traveller.

| Input |  |  |
|---|---|---|
| \`row\` | whole number, default \`1\` |  |
| \`seat\` | text, not empty | such as 4\\|B |

It decides on:
- \`seat\`: stream \`seat-{seat}\`: Whether the seat is taken.
- \`row\`: \`SeatBooked\` tagged \`row:{row}\`: the model \`row\`

It records: [\`SeatBooked\`](#seatbooked) version 3.

| Rejected with | because |
|---|---|
| \`not-allowed\` | Only role traveller. |
| \`seat-taken\` | Somebody has it. |

`);
});

test("says of an event its versions, stream, tags and fields", () => {
  expect(text.slice(text.indexOf("### SeatBooked"), text.indexOf("### SeatFreed"))).toBe(`### SeatBooked

A seat is taken.

Version 3; version 1, 2 can be read as it. Stream \`seat-{seat}\`. Tags \`meal:{meals}\`, \`row:{row}\`, \`seat:{seat}\`. Recorded by \`BookSeat\`.

| Field |  |  |
|---|---|---|
| \`class\` | \`"first"\`, \`"second"\` |  |
| \`meals\` | list of text, may be left out |  |
| \`price\` | number, at most 100 |  |
| \`row\` | whole number, from 1 |  |
| \`seat\` | text |  |

`);
});

test("leaves out tags that need real values, and names events that only a model handles", () => {
  expect(text.slice(text.indexOf("### SeatFreed"))).toBe(`### SeatFreed

Version 1. No command records it.

| Field |  |  |
|---|---|---|
| \`at\` | text (date-time) |  |`);
});

test("leaves out a context that needs real values", () => {
  const picky = defineCommand("Picky", {
    input: z.object({ n: z.string() }),
    model: seat,
    context: ({ n }) => stream(`seat-${BigInt(n)}`),
    records: [SeatFreed],
    decide: () => SeatFreed({ at: "2026-01-01T00:00:00Z" }),
  });
  expect(describeCommands({ commands: { picky, other: 3 } })).toContain(
    "It decides on:\n- Whether the seat is taken.\n",
  );
});
