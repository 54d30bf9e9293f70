import { LedgerError } from "@eventchain/core";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { defineEvent, makerOf } from "./define-event.ts";
import type { AnySchema, EventSpec } from "./types.ts";

const OrderPlaced = defineEvent("OrderPlaced", {
  version: 3,
  schema: z.object({
    orderId: z.string(),
    lines: z.array(z.object({ sku: z.string(), amount: z.number() })).default([]),
    note: z.string().optional(),
  }),
  upcast: { 1: (old) => old, 2: (old) => old },
  tags: ({ orderId, lines }) => [`order:${orderId}`, ...lines.map(({ sku }) => `sku:${sku}`)],
  stream: ({ orderId }) => `order-${orderId}`,
  describe: "A customer has placed an order",
});

function errorOf(run: () => unknown): LedgerError {
  try {
    run();
  } catch (error) {
    if (error instanceof LedgerError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

/** `code: message` of what a definition is refused with. */
const refused = (spec: Partial<EventSpec<AnySchema>>, type = "E") => {
  const { code, message } = errorOf(() => defineEvent(type, { schema: z.object({}), ...spec }));
  return `${code}: ${message}`;
};

describe("an event", () => {
  test("has the definition's type, version, tags and stream, and the data that the schema gives", () => {
    const event = OrderPlaced({ orderId: "7", lines: [{ sku: "b", amount: 1 }] });
    expect(event).toEqual({
      type: "OrderPlaced",
      schema: 3,
      data: { orderId: "7", lines: [{ sku: "b", amount: 1 }] },
      tags: ["order:7", "sku:b"],
      stream: "order-7",
      metadata: undefined,
    });
    expect(OrderPlaced({ orderId: "7" }).data.lines).toEqual([]);
  });

  test("has each tag once, sorted, with those that are given beside the definition's", () => {
    const lines = ["b", "a", "b"].map((sku) => ({ sku, amount: 1 }));
    const { tags } = OrderPlaced({ orderId: "7", lines }, { tags: ["customer:3", "sku:a"] });
    expect(tags).toEqual(["customer:3", "order:7", "sku:a", "sku:b"]);
  });

  test("goes to the stream that is given instead of the definition's, with metadata of its own", () => {
    const event = OrderPlaced({ orderId: "7" }, { stream: "orders", metadata: { channel: "web" } });
    expect(event).toMatchObject({ stream: "orders", metadata: { channel: "web" } });
  });

  test("is frozen, and does not change with what it was made of", () => {
    const lines = [{ sku: "a", amount: 1 }];
    const event = OrderPlaced({ orderId: "7", lines });
    for (const line of lines) line.amount = 2;
    expect(event.data.lines).toEqual([{ sku: "a", amount: 1 }]);
    expect([event, event.data, event.data.lines, event.data.lines[0], event.tags].every(Object.isFrozen)).toBe(true);
  });

  test("holds no key whose value is undefined, as JSON drops it", () => {
    expect(Object.keys(OrderPlaced({ orderId: "7", note: undefined }).data)).toEqual(["lines", "orderId"]);
  });

  test("knows the definition that made it", () => {
    const event = OrderPlaced({ orderId: "7" });
    expect(makerOf(event)).toBe(OrderPlaced);
    expect(makerOf({ ...event })).toBeUndefined();
  });
});

describe("data that does not fit", () => {
  test("is refused by an error that names every path, in its message and its values", () => {
    const data = { orderId: 7, lines: [{ sku: "a", amount: 1 }, { sku: "b" }, { sku: "c", amount: "3" }] };
    const error = errorOf(() => OrderPlaced(data as never));
    const paths = ["$.orderId", "$.lines[1].amount", "$.lines[2].amount"];
    expect(error.code).toBe("invalid-event");
    expect((error.values.issues as { path: string }[]).map(({ path }) => path)).toEqual(paths);
    for (const path of paths) expect(error.message).toContain(`${path}: `);
    expect(error).toMatchObject({ values: { type: "OrderPlaced", version: 3 } });
  });

  test("shows a hundred paths in the message, and all of them in the values", () => {
    const lines = Array.from({ length: 150 }, () => ({ sku: "a" }));
    const error = errorOf(() => OrderPlaced({ orderId: "7", lines } as never));
    expect(error.message).toMatch(/\$\.lines\[99\]\.amount: [^;]*; and 50 more$/);
    expect(error.values.issues).toHaveLength(150);
  });

  const Free = defineEvent("Free", { schema: z.looseObject({}) });
  test.each<[string, Record<string, unknown>, string]>([
    ["a Map", { at: { place: new Map() } }, "$.at.place: is a Map"],
    ["NaN", { list: [1, Number.NaN] }, "$.list[1]: is NaN"],
    ["a function", { run: () => 0 }, "$.run: is a function"],
    ["a lone surrogate", { "a b": "\ud800" }, '$["a b"]: holds a lone surrogate'],
  ])("is refused where it is no JSON: %s", (_what, data, message) => {
    const error = errorOf(() => Free(data));
    expect(`${error.code}: ${error.message}`).toContain(message);
    expect(error.code).toBe("invalid-event");
  });

  test("is refused where it is no object", () => {
    const List = defineEvent("List", { schema: z.union([z.array(z.string()), z.object({})]) });
    expect(errorOf(() => List(["a"])).message).toMatch(/\$: is not an object$/);
  });

  test("is refused by the names of tags and streams too", () => {
    expect(errorOf(() => OrderPlaced({ orderId: "7" }, { tags: [""] })).code).toBe("invalid-name");
    expect(errorOf(() => OrderPlaced({ orderId: "7" }, { stream: "$own" })).code).toBe("invalid-name");
  });

  test.each(["tags", "stream"])(
    "is refused where its definition's %s is asynchronous, and nothing is left to fail",
    (what) => {
      const late = async () => Promise.reject(new Error("late"));
      const Late = defineEvent("Late", { schema: z.object({}), [what]: late });
      expect(() => Late({})).toThrow(
        expect.objectContaining({
          code: "invalid-event",
          message: expect.stringContaining(`\`${what}\` of event "Late"`),
        }),
      );
    },
  );

  test("is refused where a function of the definition throws, with the cause", () => {
    const Broken = defineEvent("Broken", {
      schema: z.object({}),
      tags: () => {
        throw new TypeError("no tags today");
      },
    });
    const error = errorOf(() => Broken({}));
    expect(error).toMatchObject({ code: "invalid-event", cause: new TypeError("no tags today") });
    expect(error.message).toBe('`tags` of event "Broken" threw: no tags today');
  });
});

describe("a definition", () => {
  test("is a function with all that is known of its type", () => {
    expect(OrderPlaced.name).toBe("OrderPlaced");
    expect({ ...OrderPlaced }).toMatchObject({
      kind: "event",
      type: "OrderPlaced",
      version: 3,
      description: "A customer has placed an order",
    });
    expect(defineEvent("E", { schema: z.object({}) }).version).toBe(1);
    expect(OrderPlaced.is({ type: "OrderPlaced" })).toBe(true);
    expect(OrderPlaced.is({ type: "orderPlaced" })).toBe(false);
    expect(Object.isFrozen(OrderPlaced)).toBe(true);
  });

  test.each([0, 1.5, 2 ** 31, Number.NaN, "2"])("is refused with version %s", (version) => {
    expect(refused({ version: version as number })).toMatch(/^config-invalid: event "E" has version .*give an integer/);
  });

  test.each(["0", "2", "1.5", "-1", "01", "a"])("of version 2 is refused with an upcaster of %s", (from) => {
    const spec = { version: 2, upcast: { [from]: (old: object) => old } };
    expect(refused(spec)).toBe(
      `config-invalid: event "E": upcast ${JSON.stringify(from)} is of no older version: those are 1 to 1`,
    );
  });

  test("is refused with an upcaster that is no function", () => {
    expect(refused({ version: 2, upcast: { 1: "copy" as never } })).toMatch(/upcast "1" is not a function$/);
  });

  test.each(["", "$Own", "a\0b", "x".repeat(513)])("is refused by the name %j", (type) => {
    expect(refused({}, type)).toMatch(/^invalid-name: type /);
  });

  test("is refused with a key that it does not know, and its events with an option", () => {
    const spec = { schema: z.object({}), tag: () => [] };
    expect(() => defineEvent("E", spec)).toThrow('event "E" has no key "tag": use version, schema, upcast, tags');
    const options = { strem: "a" } as object;
    expect(() => defineEvent("E", { schema: z.object({}) })({}, options)).toThrow(
      expect.objectContaining({
        code: "invalid-argument",
        message: 'event options of "E" has no key "strem": use stream, tags, metadata',
      }) as Error,
    );
  });

  test("is refused with what is no schema", () => {
    expect(refused({ schema: { parse: () => 1 } as never })).toMatch(
      /^config-invalid: the schema of event "E" is neither/,
    );
  });

  test("is refused with a schema that no object fits", () => {
    expect(refused({ schema: z.string() })).toMatch(
      /^config-invalid: .*is of "string" at \$: an event's data is an object/,
    );
  });
});
