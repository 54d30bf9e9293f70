import { bytesToHex, canonicalJson, sha256, utf8 } from "@eventchain/core";
import { defineEvent, listSchemas } from "@eventchain/ledger";
import { jsonSchema } from "@eventchain/ledger/json-schema";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";

type Data = Record<string, unknown>;

/** A step from one version to the next: some give new data, others change what they are given. */
const steps: fc.Arbitrary<(old: Data) => Data> = fc.oneof(
  fc.tuple(fc.string(), fc.jsonValue()).map(([key, value]) => (old: Data) => ({
    ...old,
    [key]: structuredClone(value),
  })),
  fc.string().map((key) => (old: Data) => {
    delete old[key];
    return old;
  }),
  fc.string().map((key) => (old: Data) => {
    const nested = { ...old };
    return { [key]: nested };
  }),
  fc.constant((old: Data) => {
    for (const value of Object.values(old)) if (Array.isArray(value)) value.push("more");
    return old;
  }),
);
const chains = fc.array(steps, { minLength: 1, maxLength: 6 });
const datas = fc.dictionary(fc.string(), fc.jsonValue(), { noNullPrototype: true });

const anyData = jsonSchema<Data>({ type: "object" });

/** As a reader has it: parsed from the text that was hashed. */
const parse = (text: string) => JSON.parse(text) as Data;

function define(chain: readonly ((old: Data) => Data)[]) {
  return defineEvent("E", {
    version: chain.length + 1,
    schema: anyData,
    upcast: Object.fromEntries(chain.map((step, index) => [index + 1, step])),
  });
}

describe("upcasting", () => {
  test("through a chain equals the steps composed, from whatever version on", () => {
    fc.assert(
      fc.property(chains, datas, fc.nat(), (chain, data, at) => {
        const from = (at % chain.length) + 1;
        const composed = chain.slice(from - 1).reduce((old, step) => step(old), parse(canonicalJson(data)));
        const event = { type: "E", schema: from, data: parse(canonicalJson(data)), position: 1n };
        expect(define(chain).read(event)).toEqual(composed);
      }),
      { numRuns: 300 },
    );
  });

  test("leaves the canonical text of what was stored as it is, and gives the same again", () => {
    fc.assert(
      fc.property(chains, datas, (chain, data) => {
        const text = canonicalJson(data);
        const event = { type: "E", schema: 1, data: parse(text), position: 1n };
        const definition = define(chain);
        const first = definition.read(event);
        expect(canonicalJson(event.data)).toBe(text);
        expect(definition.read(event)).toEqual(first);
      }),
      { numRuns: 300 },
    );
  });

  test("of a version in two steps equals upcasting the middle version's data", () => {
    fc.assert(
      fc.property(chains, chains, datas, (before, after, data) => {
        const at = (schema: number, stored: Data) => ({ type: "E", schema, data: stored, position: 1n });
        const middle = define(before).read(at(1, parse(canonicalJson(data))));
        const whole = define([...before, ...after]);
        expect(whole.read(at(before.length + 1, middle ?? {}))).toEqual(whole.read(at(1, parse(canonicalJson(data)))));
      }),
      { numRuns: 200 },
    );
  });
});

describe("making an event", () => {
  test("keeps the canonical text of data that its schema lets through", () => {
    const E = defineEvent("E", { schema: z.looseObject({}) });
    fc.assert(
      fc.property(datas, (data) => {
        // Zod, as anything that sets keys one by one, cannot keep this one.
        fc.pre(!JSON.stringify(data).includes("__proto__"));
        let text: string;
        try {
          text = canonicalJson(data);
        } catch {
          expect(() => E(data)).toThrow(expect.objectContaining({ code: "invalid-event" }) as Error);
          return;
        }
        expect(canonicalJson(E(data).data)).toBe(text);
      }),
      { numRuns: 300 },
    );
  });
});

describe("a schema's hash", () => {
  const kinds = fc.constantFrom(
    z.string(),
    z.number().int(),
    z.boolean().optional(),
    z.array(z.string()),
    z.iso.date(),
  );
  const shapes = fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), kinds, {
    minKeys: 1,
    maxKeys: 8,
    noNullPrototype: true,
  });

  test("does not depend on the order in which the schema names its keys, nor on that of its event", () => {
    const shuffled = shapes.chain((shape) => {
      const entries = Object.entries(shape);
      return fc.tuple(
        fc.constant(entries),
        fc.shuffledSubarray(entries, { minLength: entries.length, maxLength: entries.length }),
      );
    });
    fc.assert(
      fc.property(shuffled, ([entries, others]) => {
        const schemas = [entries, others].map((shape) => {
          const event = defineEvent("E", { schema: z.object({ inner: z.object(Object.fromEntries(shape)) }) });
          return listSchemas({ events: [event] })[0];
        });
        expect(schemas[1]).toEqual(schemas[0]);
        expect(canonicalJson(schemas[1]?.schema)).toBe(canonicalJson(schemas[0]?.schema));
      }),
      { numRuns: 200 },
    );
  });

  test("is SHA-256 of the canonical text that is listed", () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        for (const { schema, hash } of listSchemas({ events: [defineEvent("E", { schema: z.object(shape) })] }))
          expect(hash).toBe(bytesToHex(sha256(utf8(canonicalJson(schema)))));
      }),
      { numRuns: 100 },
    );
  });
});
