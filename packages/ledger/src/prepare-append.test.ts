import { LedgerError, randomBytes } from "@eventchain/core";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { defineEvent } from "./events/define-event.ts";
import { checkAppend, prepareAppend } from "./prepare-append.ts";
import type { AppendOptions, EventInput } from "./types.ts";

const opened = { type: "TicketOpened", data: { title: "No sound", customer: 63 } };
const NOW_MS = 1_763_683_200_000n;

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof LedgerError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return "accepted";
}

/** The request as JSON sees it, without ids and salts. */
function prepare(event: EventInput | readonly EventInput[], options: AppendOptions = {}) {
  return prepareAppend("ticket-42", event, options, NOW_MS);
}

describe("a request", () => {
  test("holds canonical texts, sorted tags, fresh ids and salts", () => {
    const { events, expected, command } = prepare({ ...opened, tags: ["b", "a"], schema: 2 });
    expect(events).toEqual([
      {
        stream: "ticket-42",
        type: "TicketOpened",
        schema: 2,
        tags: ["a", "b"],
        data: '{"customer":63,"title":"No sound"}',
        metadata: "{}",
        id: expect.stringMatching(/^019aa3b5-ec00-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
        salt: expect.objectContaining({ length: 16 }),
        metaSalt: expect.objectContaining({ length: 16 }),
      },
    ]);
    expect(events[0]?.salt).not.toEqual(events[0]?.metaSalt);
    expect(expected).toEqual([]);
    expect(command).toBeUndefined();
  });

  test("carries options, the append's metadata, the event's metadata and the command id as one metadata", () => {
    const { events, command } = prepare(
      { ...opened, metadata: { channel: "phone" } },
      {
        commandId: "open-42",
        actor: "ann",
        ip: "203.0.113.9",
        userAgent: "desk/1",
        reason: "called",
        correlationId: "c-1",
        causationId: "e-1",
        occurredAt: new Date("2026-01-31T09:30:00Z"),
        metadata: { shift: 3 },
      },
    );
    expect(JSON.parse(events[0]?.metadata ?? "")).toEqual({
      actor: "ann",
      causationId: "e-1",
      channel: "phone",
      commandId: "open-42",
      correlationId: "c-1",
      ip: "203.0.113.9",
      occurredAt: "2026-01-31T09:30:00.000Z",
      reason: "called",
      shift: 3,
      userAgent: "desk/1",
    });
    expect(command).toMatchObject({ id: "open-42", actor: "ann" });
  });

  test("keeps a key such as __proto__ as what it is: a key", () => {
    const hostile = JSON.parse('{"__proto__":{"admin":true}}') as object;
    const { events } = prepare({ ...opened, data: hostile, metadata: hostile });
    expect(events[0]?.data).toBe('{"__proto__":{"admin":true}}');
    expect(events[0]?.metadata).toBe('{"__proto__":{"admin":true}}');
  });

  test("takes several events for one stream", () => {
    const { events } = prepare([opened, { type: "TicketClosed", data: {} }]);
    expect(events.map(({ type }) => type)).toEqual(["TicketOpened", "TicketClosed"]);
    expect(new Set(events.map(({ id }) => id)).size).toBe(2);
  });
});

describe("the request hash", () => {
  const hash = (event: EventInput | EventInput[], options: AppendOptions = {}, stream = "ticket-42") =>
    prepareAppend(stream, event, { commandId: "c", ...options }, NOW_MS).command?.requestHash;

  test("is the same for the same content, whatever its key order, ids, expectation and time of sending", () => {
    const again = hash(
      { data: { customer: 63, title: "No sound" }, type: "TicketOpened", tags: ["b", "a"] },
      { expect: 3n, correlationId: "other", causationId: "other" },
    );
    expect(again).toEqual(hash({ ...opened, tags: ["a", "b"] }));
    expect(again).toHaveLength(32);
  });

  test.each<[string, EventInput | EventInput[], AppendOptions, string?]>([
    ["stream", opened, {}, "ticket-43"],
    ["type", { ...opened, type: "Other" }, {}],
    ["schema", { ...opened, schema: 2 }, {}],
    ["tags", { ...opened, tags: ["a"] }, {}],
    ["data", { ...opened, data: {} }, {}],
    ["metadata", { ...opened, metadata: { a: 1 } }, {}],
    ["actor", opened, { actor: "ann" }],
    ["number of events", [opened, opened], {}],
  ])("differs by %s", (_what, event, options, stream) => {
    expect(hash(event, options, stream)).not.toEqual(hash(opened));
  });
});

describe("expect", () => {
  test.each<[AppendOptions["expect"], unknown]>([
    [undefined, []],
    ["any", []],
    ["none", [{ stream: "ticket-42", version: "none" }]],
    ["exists", [{ stream: "ticket-42", version: "exists" }]],
    [0, [{ stream: "ticket-42", version: 0n }]],
    [7n, [{ stream: "ticket-42", version: 7n }]],
    [Number.MAX_SAFE_INTEGER, [{ stream: "ticket-42", version: 9007199254740991n }]],
  ])("takes %s", (given, expected) => {
    expect(prepare(opened, { expect: given }).expected).toEqual(expected);
  });

  test.each([-1, -1n, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, 2n ** 63n, "3", "None", null, {}])(
    "refuses %s",
    (given) => {
      expect(codeOf(() => prepare(opened, { expect: given as never }))).toMatch(/^invalid-argument: expect is /);
    },
  );
});

describe("what is refused", () => {
  const deep = (levels: number): object => (levels === 1 ? {} : { a: deep(levels - 1) });
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;

  test.each<[string, unknown, unknown, RegExp]>([
    ["no event", [], {}, /^invalid-argument: append was given no event/],
    ["an event that is none", null, {}, /^invalid-argument: event: event is null/],
    ["a type of the ledger's own", { ...opened, type: "$SnapshotTaken" }, {}, /^invalid-name: /],
    ["an empty type", { ...opened, type: "" }, {}, /^invalid-name: /],
    ["a type of 513 bytes", { ...opened, type: "é".repeat(257) }, {}, /^invalid-name: /],
    ["a misspelt key", { ...opened, tag: ["a"] }, {}, /^invalid-argument: .*no key "tag": use type, data, tags/],
    ["a misspelt option", opened, { expected: 3 }, /^invalid-argument: append options has no key "expected"/],
    ["schema 0", { ...opened, schema: 0 }, {}, /^invalid-argument: .*schema is 0/],
    ["schema 2^31", { ...opened, schema: 2 ** 31 }, {}, /^invalid-argument: .*schema is 2147483648/],
    ["tags that are a text", { ...opened, tags: "a" }, {}, /^invalid-argument: .*tags is not an array/],
    ["a tag twice", { ...opened, tags: ["a", "a"] }, {}, /^invalid-/],
    ["a tag of the ledger's own", { ...opened, tags: ["$a"] }, {}, /^invalid-name: /],
    ["no data", { type: "A" }, {}, /^invalid-argument: .*data is missing/],
    ["data that is an array", { ...opened, data: [] }, {}, /^invalid-argument: .*data is an array/],
    ["data that is a text in JSON", { ...opened, data: new Date(0) }, {}, /^invalid-value: .*not an object/],
    ["a Map", { ...opened, data: new Map() }, {}, /^invalid-value: /],
    ["undefined in an array", { ...opened, data: { a: [undefined] } }, {}, /^invalid-value: .*data: .*a/],
    ["a bigint", { ...opened, data: { a: 1n } }, {}, /^invalid-value: /],
    ["NaN", { ...opened, data: { a: Number.NaN } }, {}, /^invalid-value: /],
    ["a lone surrogate", { ...opened, data: { a: "\ud800" } }, {}, /^invalid-value: /],
    ["U+0000", { ...opened, data: { a: "\0" } }, {}, /^invalid-value: /],
    ["a cycle", { ...opened, data: cycle }, {}, /^invalid-value: /],
    ["65 levels", { ...opened, data: deep(65) }, {}, /^invalid-value: /],
    ["over 1 MiB", { ...opened, data: { a: "x".repeat(2 ** 20) } }, {}, /^too-large: /],
    ["metadata of the ledger's own", { ...opened, metadata: { $x: 1 } }, {}, /^invalid-name: .*"\$x"/],
    ["such metadata of the append", opened, { metadata: { $x: 1 } }, /^invalid-name: .*"\$x"/],
    ["metadata that is a Map", opened, { metadata: new Map([["a", 1]]) }, /^invalid-value: .*plain object/],
    ["a command id in metadata", opened, { metadata: { commandId: "c" } }, /^invalid-argument: .*option commandId/],
    ["the same in an event's", { ...opened, metadata: { commandId: "c" } }, {}, /^invalid-argument: .*commandId/],
    ["actor twice", opened, { actor: "a", metadata: { actor: "a" } }, /^invalid-argument: .*"actor" a second time/],
    ["a key twice", { ...opened, metadata: { a: 1 } }, { metadata: { a: 1 } }, /^invalid-argument: .*"a" a second/],
    ["an empty actor", opened, { actor: "" }, /^invalid-argument: option actor/],
    ["an actor that is a number", opened, { actor: 7 }, /^invalid-argument: option actor/],
    ["a local time", opened, { occurredAt: "2026-01-31T09:30:00" }, /^invalid-argument: option occurredAt/],
    ["an invalid Date", opened, { occurredAt: new Date("x") }, /^invalid-argument: option occurredAt/],
    ["an empty command id", opened, { commandId: "" }, /^invalid-name: /],
  ])("%s", (_what, event, options, message) => {
    expect(codeOf(() => checkAppend("ticket-42", event as EventInput, options as AppendOptions))).toMatch(message);
  });

  test.each(["", "$audit", "a\0b", "\udfff", "x".repeat(513)])("stream %j", (stream) => {
    expect(codeOf(() => checkAppend(stream, opened))).toMatch(/^invalid-name: /);
  });

  test("an event among several is named, and its number is a value", () => {
    const run = () => checkAppend("s", [opened, { type: "Broken", data: { a: Number.NaN } }]);
    expect(codeOf(run)).toMatch(/^invalid-value: event 2 of 2 "Broken": data: /);
    expect(run).toThrow(expect.objectContaining({ values: expect.objectContaining({ event: 1, field: "data" }) }));
  });

  test("and at the limits, nothing", () => {
    const event = { type: "x".repeat(512), data: { a: "x".repeat(2 ** 20 - 8) }, schema: 2 ** 31 - 1 };
    expect(codeOf(() => checkAppend("s".repeat(512), { ...event, tags: ["t".repeat(512)] }))).toBe("accepted");
    expect(codeOf(() => checkAppend("s", { type: "A", data: deep(64), metadata: undefined }))).toBe("accepted");
  });
});

describe("an event of a definition", () => {
  const Opened = defineEvent("Opened", {
    version: 2,
    schema: z.object({ title: z.string(), priority: z.number().default(1) }),
    upcast: { 1: (old) => old },
    tags: ({ title }) => [`title:${title}`],
  });
  const rules = { definitions: new Map([["Opened", Opened]]), required: [], random: randomBytes };
  const prepared = (event: EventInput, known = rules) =>
    prepareAppend("ticket-42", event, {}, NOW_MS, known).events.map(({ type, schema, tags, data }) => ({
      type,
      schema,
      tags,
      data,
    }));
  const one = { type: "Opened", schema: 2, tags: ["title:a"], data: '{"priority":1,"title":"a"}' };

  test("is taken as its definition made it, whether the ledger knows the type or not", () => {
    expect(prepared(Opened({ title: "a" }))).toEqual([one]);
    expect(prepared(Opened({ title: "a" }), { ...rules, definitions: new Map() })).toEqual([one]);
  });

  test("is taken as a plain object too: checked, with the schema's defaults and version, and the tags that are given", () => {
    const plain = { type: "Opened", data: { title: "a" }, tags: ["x"] };
    expect(prepared(plain)).toEqual([{ ...one, tags: ["x"] }]);
    expect(prepared({ ...plain, schema: 2 })).toEqual([{ ...one, tags: ["x"] }]);
  });

  test("is refused where its data does not fit, and named with every path", () => {
    const data = { title: 1, priority: "high" };
    expect(codeOf(() => prepared({ type: "Opened", data }))).toMatch(
      /^invalid-event: event "Opened": the data of event "Opened" version 2 .*\$\.title: .*; \$\.priority: /,
    );
  });

  test("is refused with another version of its schema", () => {
    expect(codeOf(() => prepared({ type: "Opened", data: { title: "a" }, schema: 1 }))).toBe(
      'invalid-argument: event "Opened": schema is 1, but this ledger was opened with version 2 of "Opened": new events are of that',
    );
  });

  test("is checked again where another definition made it than the ledger's", () => {
    const Other = defineEvent("Opened", { version: 2, schema: z.object({ name: z.string() }), upcast: {} });
    expect(codeOf(() => prepared(Other({ name: "a" })))).toMatch(/^invalid-event: .*\$\.title: /);
  });

  test("goes to its own stream and no other", () => {
    expect(prepared(Opened({ title: "a" }, { stream: "ticket-42" }))).toEqual([one]);
    expect(codeOf(() => prepared(Opened({ title: "a" }, { stream: "ticket-1" })))).toBe(
      'invalid-argument: event "Opened": the event goes to stream "ticket-1", but is appended to "ticket-42": append it there',
    );
  });
});
