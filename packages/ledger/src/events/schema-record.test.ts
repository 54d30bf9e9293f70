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

  test("depends on the order of a value's list, and of a key that is called required", () => {
    const withDefault = (required: string[]) => jsonSchema({ type: "object", default: { required } });
    expect(hashOf(withDefault(["a", "b"]))).not.toBe(hashOf(withDefault(["b", "a"])));
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
