import { randomUUID } from "node:crypto";
import { bytesToHex, canonicalJson, sha256, utf8 } from "@eventchain/core";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { defineEvent } from "./define-event.ts";
import { jsonSchema } from "./json-schema.ts";
import { schemaRecord } from "./schema-record.ts";

const hashOf = (schema: z.ZodType | ReturnType<typeof jsonSchema>) =>
  bytesToHex(schemaRecord(defineEvent("E", { schema })).hash);

test("a record is the canonical JSON Schema of a type's version, and SHA-256 of it", () => {
  const record = schemaRecord(defineEvent("E", { version: 3, schema: z.object({ a: z.string() }) }));
  expect(record).toMatchObject({ type: "E", version: 3, hash: sha256(utf8(record.schema)) });
  expect(canonicalJson(JSON.parse(record.schema))).toBe(record.schema);
});

describe("a hash", () => {
  test("does not depend on the order of keys, at any depth", () => {
    const [a, b] = [z.string(), z.object({ c: z.number(), d: z.number() })];
    expect(hashOf(z.object({ a, b }))).toBe(hashOf(z.object({ b: z.object({ d: z.number(), c: z.number() }), a })));
  });

  test("depends on what is optional, on types, bounds and values", () => {
    const schemas = [
      z.object({ a: z.string() }),
      z.object({ a: z.string().optional() }),
      z.object({ a: z.number() }),
      z.object({ a: z.string().min(1) }),
      z.object({ a: z.enum(["b", "c"]) }),
      z.object({ a: z.string(), b: z.string() }),
      z.looseObject({ a: z.string() }),
    ];
    expect(new Set(schemas.map(hashOf)).size).toBe(schemas.length);
  });

  test.each([
    ["default", z.uuid().default(() => randomUUID()), z.uuid().default(() => randomUUID())],
    ["catch", z.string().catch(() => randomUUID()), z.string().catch(() => randomUUID())],
    ["default that is changed", z.string().default("a"), z.string().default("b")],
  ])("does not depend on a field's %s", (_what, first, again) => {
    expect(hashOf(z.object({ a: first }))).toBe(hashOf(z.object({ a: again })));
  });

  test("does not depend on the order of what is a set", () => {
    const schema = (names: string[], types: string[]) =>
      jsonSchema({ properties: { type: { type: types } }, required: names, dependentRequired: { title: names } });
    const [names, types] = [
      ["a", "b"],
      ["string", "null"],
    ];
    expect(hashOf(schema(names, types))).toBe(hashOf(schema(names.toReversed(), types.toReversed())));
  });

  test.each(["title", "description", "default", "required"])("depends on what a property %s asks for", (name) => {
    const asking = (other: string) => jsonSchema({ type: "object", dependentRequired: { [name]: [other] } });
    expect(hashOf(asking("a"))).not.toBe(hashOf(asking("b")));
  });

  test.each([
    ["a value that is called like a keyword", (value: object) => ({ const: value })],
    ["a value of an enum", (value: object) => ({ enum: [value] })],
  ])("depends on %s", (_what, schema) => {
    const holding = (value: object) => hashOf(jsonSchema({ properties: { a: schema(value) } }));
    expect(holding({ title: "a" })).not.toBe(holding({ title: "b" }));
    expect(holding({ type: ["a", "b"] })).not.toBe(holding({ type: ["b", "a"] }));
  });

  test("depends on the order of schemas of a property that is called required", () => {
    const named = (first: string, second: string) =>
      jsonSchema({ properties: { required: { prefixItems: [{ const: first }, { const: second }] } } });
    expect(hashOf(named("a", "b"))).not.toBe(hashOf(named("b", "a")));
  });

  test("does not depend on what is said of the data, but on a property of that name", () => {
    const said = z.object({ a: z.string().describe("what happened") }).meta({ title: "E" });
    expect(hashOf(said)).toBe(hashOf(z.object({ a: z.string() })));
    expect(hashOf(z.object({ description: z.string() }))).not.toBe(hashOf(z.object({})));
  });

  test("sorts what is required within a property that is called like a keyword of values", () => {
    const inner = (required: string[]) => ({ type: "object", properties: { a: true, b: true }, required });
    const schema = (required: string[]) => jsonSchema({ type: "object", properties: { default: inner(required) } });
    expect(hashOf(schema(["a", "b"]))).toBe(hashOf(schema(["b", "a"])));
  });
});
