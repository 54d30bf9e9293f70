import type { LedgerError } from "@eventchain/core";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { zodSchema } from "./zod-schema.ts";

const issuesOf = (schema: z.ZodType, value: unknown) => {
  const result = zodSchema(schema, "it", "output").parse(value);
  return result.ok ? [] : result.issues.map(({ path, message }) => `${path}: ${message}`);
};

describe("a JSON Schema of zod's", () => {
  test("is plain JSON of draft 2020-12, of what the schema gives or of what it takes", () => {
    const schema = z.object({ name: z.string().min(1), count: z.number().int().default(0) });
    const { jsonSchema } = zodSchema(schema, "it", "output");
    expect(jsonSchema).toMatchObject({
      $schema: "https://json-schema.org/draft/2020-12/schema",
      type: "object",
      required: ["name", "count"],
      properties: { name: { type: "string", minLength: 1 }, count: { type: "integer", default: 0 } },
      additionalProperties: false,
    });
    expect(JSON.parse(JSON.stringify(jsonSchema))).toEqual(jsonSchema);
    expect(zodSchema(schema, "it", "input").jsonSchema.required).toEqual(["name"]);
  });

  const pipe = z.string().transform(Number).pipe(z.number());
  test.each<[string, z.ZodType, string]>([
    ["a date", z.object({ at: z.date() }), "$.at"],
    ["a date in a list", z.object({ stops: z.array(z.object({ at: z.date().optional() })) }), "$.stops[*].at"],
    ["a bigint in a record", z.object({ sums: z.record(z.string(), z.bigint()) }), "$.sums.*"],
    ["a map in a tuple", z.object({ pair: z.tuple([z.string(), z.map(z.string(), z.string())]) }), "$.pair[1]"],
    ["a custom type in a union", z.object({ it: z.union([z.string(), z.custom<URL>()]) }), "$.it"],
    ["a transform", z.object({ n: z.string().transform(Number) }), "$.n"],
    ["a transform that a schema follows", z.object({ n: pipe }), "$.n"],
    ["a transform within what is piped", z.object({ n: z.object({ m: pipe }).pipe(z.any()) }), "$.n.m"],
    ["a codec", z.object({ on: z.stringbool() }), "$.on"],
  ])("is refused at its path for %s", (_what, schema, path) => {
    expect(() => zodSchema(schema, 'event "E"', "output")).toThrow(
      expect.objectContaining({
        code: "config-invalid",
        values: { of: 'event "E"', path },
        message: expect.stringContaining(`the schema of event "E" has no JSON Schema at ${path}: `),
      }) as LedgerError,
    );
  });

  test("may have a transform where only what it takes is kept", () => {
    const { jsonSchema, parse } = zodSchema(z.object({ n: pipe }), "it", "input");
    expect(jsonSchema).toMatchObject({ properties: { n: { type: "string" } } });
    expect(parse({ n: "3" })).toEqual({ ok: true, value: { n: 3 } });
  });

  test("may have what goes through unchanged in kind: defaults, preprocessing, pipes of checks", () => {
    const schema = z.object({
      a: z.preprocess((value) => value ?? "", z.string()),
      b: z.string().trim().pipe(z.email()),
      c: z.string().default("x"),
    });
    expect(issuesOf(schema, { b: " ann@example.com " })).toEqual([]);
  });
});

describe("an issue", () => {
  test("of a key that is too much is at the key", () => {
    expect(issuesOf(z.strictObject({ a: z.string() }), { a: "", "b c": 1, d: 2 })).toEqual([
      '$["b c"]: is no key of the schema',
      "$.d: is no key of the schema",
    ]);
  });

  test("of a union is within the one branch that is meant", () => {
    const schema = z.object({ to: z.union([z.string(), z.object({ street: z.string() })]) });
    expect(issuesOf(schema, { to: { street: 1 } })).toEqual([expect.stringMatching(/^\$\.to\.street: /)]);
  });

  test("of a union names what each branch has against it, where no branch is meant", () => {
    const schema = z.object({ to: z.union([z.string(), z.number()]) });
    expect(issuesOf(schema, { to: true })).toEqual([
      expect.stringMatching(/^\$\.to: fits none of: .*string.* \| .*number/),
    ]);
  });

  test("stands for a check that throws or is asynchronous", () => {
    const broken = z.string().refine(() => {
      throw new Error("broken check");
    });
    expect(issuesOf(broken, "a")).toEqual(["$: its schema's check threw: broken check"]);
    expect(
      issuesOf(
        z.string().refine(async () => true),
        "a",
      ),
    ).toEqual([expect.stringContaining("synchronous")]);
  });
});
