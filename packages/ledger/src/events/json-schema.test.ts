import { describe, expect, test } from "vitest";
import { defineEvent } from "./define-event.ts";
import { jsonSchema } from "./json-schema.ts";

const order = {
  type: "object",
  required: ["orderId", "lines"],
  properties: {
    orderId: { type: "string" },
    lines: { type: "array", items: { $ref: "#/$defs/line" } },
    byDay: { type: "object", additionalProperties: { type: "integer" } },
  },
  additionalProperties: false,
  $defs: { line: { type: "object", required: ["amount"], properties: { amount: { type: "number" } } } },
};

const issuesOf = (value: unknown) => {
  const result = jsonSchema(order).parse(value);
  return result.ok ? [] : result.issues.map(({ path, message }) => `${path}: ${message}`);
};

test("what fits is given as it is", () => {
  const value = { orderId: "7", lines: [{ amount: 1, more: true }] };
  const result = jsonSchema<typeof value>(order).parse(value);
  expect(result).toEqual({ ok: true, value });
});

test("what does not fit is named by every path", () => {
  expect(issuesOf({ lines: [{ amount: 1 }, {}, { amount: "3" }], "a b": 1, byDay: { "2": "x" } })).toEqual([
    "$.orderId: is missing",
    '$["a b"]: is no key of the schema',
    '$.byDay["2"]: must be integer',
    "$.lines[1].amount: is missing",
    "$.lines[2].amount: must be number",
  ]);
});

test("keys that a JSON pointer escapes are named as they are", () => {
  const schema = jsonSchema({ type: "object", additionalProperties: { type: "string" } });
  expect(schema.parse({ "a/b~c": 1 })).toEqual({
    ok: false,
    issues: [{ path: '$["a/b~c"]', message: "must be string" }],
  });
});

test("an event is defined by it as by zod", () => {
  const OrderPlaced = defineEvent("OrderPlaced", {
    schema: jsonSchema<{ orderId: string; lines: { amount: number }[] }>(order),
    tags: ({ orderId }) => [`order:${orderId}`],
  });
  expect(OrderPlaced({ orderId: "7", lines: [] }).tags).toEqual(["order:7"]);
  expect(() => OrderPlaced({ orderId: "7", lines: [{}] } as never)).toThrow(/\$\.lines\[0\]\.amount: is missing/);
});

test("a change of the given object changes nothing", () => {
  const given = structuredClone(order);
  const schema = jsonSchema(given);
  given.properties.orderId.type = "number";
  expect(schema.jsonSchema).toEqual(order);
  expect(schema.parse({ orderId: "7", lines: [] }).ok).toBe(true);
});

test("a format is an annotation, a default fills nothing in", () => {
  const schema = jsonSchema({
    type: "object",
    properties: { mail: { type: "string", format: "email" }, n: { default: 1 } },
  });
  expect(schema.parse({ mail: "nobody" })).toEqual({ ok: true, value: { mail: "nobody" } });
});

describe("what is no schema is refused", () => {
  test.each<[string, unknown]>([
    ["a boolean", true],
    ["a list", []],
    ["an unknown type", { type: "text" }],
    ["a misspelt keyword", { type: "object", propertys: {} }],
    ["a reference that leads nowhere", { $ref: "#/$defs/none" }],
    ["a reference to elsewhere", { $ref: "https://example.com/schema.json" }],
    ["another draft", { $schema: "http://json-schema.org/draft-07/schema#" }],
    ["an asynchronous one", { $async: true }],
    ["what is no JSON", { default: 1n }],
  ])("%s", (_what, schema) => {
    expect(() => jsonSchema(schema as never)).toThrow(
      expect.objectContaining({
        code: "config-invalid",
        message: expect.stringMatching(/^this is no JSON Schema of draft 2020-12: ./),
      }) as Error,
    );
  });
});
