import { canonicalJson, isCanonicalObject, LedgerError, parseJson } from "@eventchain/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

const text = fc.string({ unit: "binary", maxLength: 12 }).filter((value) => !value.includes("\0"));
const keys = fc.oneof(
  text,
  fc.constantFrom("__proto__", "constructor", "10", "9", "\uffff", "😀", "\\ud800", "\\u0000", ""),
);
const numbers = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.maxSafeInteger());
const { object, value } = fc.letrec<{ object: Record<string, unknown>; value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    text,
    numbers,
    fc.boolean(),
    fc.constant(null),
    tie("object"),
    fc.array(tie("value"), { maxLength: 4 }),
  ),
  object: fc.dictionary(keys, tie("value"), { maxKeys: 5, noNullPrototype: true }),
}));

describe("canonical JSON", () => {
  test("is JSON of the same value, and its own canonical text", () => {
    fc.assert(
      fc.property(object, (given) => {
        const json = canonicalJson(given);
        // JSON has no −0.
        expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(given)));
        expect(canonicalJson(JSON.parse(json))).toBe(json);
        expect(isCanonicalObject(json)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test("does not depend on the order in which keys were set", () => {
    fc.assert(
      fc.property(object, (given) => {
        expect(canonicalJson(turned(given))).toBe(canonicalJson(given));
      }),
      { numRuns: 300 },
    );
  });

  test("has every object's keys in the order of their UTF-16 units", () => {
    fc.assert(
      fc.property(object, (given) => {
        const order: string[] = [];
        JSON.parse(canonicalJson({ o: given }), function (this: unknown, key, item) {
          if (this !== null && typeof this === "object" && !Array.isArray(this)) order.push(key);
          return item;
        });
        expect(order).toContain("o");
        const top = canonicalJson(given);
        const names = Object.keys(given).sort();
        let at = 0;
        for (const name of names) {
          const found = top.indexOf(`${JSON.stringify(name)}:`, at);
          expect(found).toBeGreaterThanOrEqual(at);
          at = found;
        }
      }),
      { numRuns: 200 },
    );
  });

  test("agrees with the check of it on any text", () => {
    const nearly = object
      .map((given) => JSON.stringify(given))
      .chain((json) => fc.tuple(fc.constant(json), fc.nat(), text));
    fc.assert(
      fc.property(nearly, ([json, at, inserted]) => {
        const where = at % (json.length + 1);
        for (const candidate of [json, json.slice(0, where) + inserted + json.slice(where)]) {
          expect(isCanonicalObject(candidate)).toBe(slowIsCanonicalObject(candidate));
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe("the strict parser", () => {
  test("means what JSON.parse means, but for integers that a double cannot tell from their neighbours", () => {
    fc.assert(
      fc.property(value, fc.constantFrom(undefined, 1, "\t"), (given, space) => {
        const json = JSON.stringify(given, null, space);
        expect(parsed(json)).toEqual(holdsUnsafeInteger(given) ? undefined : [JSON.parse(json)]);
      }),
      {
        numRuns: 500,
        examples: [
          [[2 ** 53], undefined],
          [{ a: -(2 ** 60) }, 1],
          [2 ** 53 - 1, undefined],
          [1e21, undefined],
        ],
      },
    );
  });

  test("takes nothing that JSON.parse does not, and throws nothing but LedgerErrors", () => {
    const shards = fc.constantFrom(
      "{",
      "}",
      "[",
      "]",
      ",",
      ":",
      '"',
      "a",
      "\\",
      "u",
      "d800",
      "1",
      "-",
      "0",
      ".",
      "e",
      " ",
      "\n",
      "null",
      "\ud800",
      "\0",
    );
    fc.assert(
      fc.property(fc.array(shards, { maxLength: 20 }), (parts) => {
        const json = parts.join("");
        const result = parsed(json);
        if (result !== undefined) expect(result).toEqual([JSON.parse(json)]);
      }),
      { numRuns: 3000 },
    );
  });

  test("finds every repeated key, at any depth and in any spelling", () => {
    fc.assert(
      fc.property(fc.array(keys, { maxLength: 4 }), keys, fc.boolean(), (path, key, escaped) => {
        const spelled = escaped
          ? `"${[...Array(key.length).keys()].map((i) => unit(key, i)).join("")}"`
          : JSON.stringify(key);
        const inner = `{${JSON.stringify(key)}:1,${spelled}:2}`;
        const json = path.reduceRight((inside, step) => `{${JSON.stringify(step)}:[${inside}]}`, inner);
        expect(() => parseJson(json)).toThrow(/given twice/);
      }),
    );
  });
});

/** Whether a number within is written as an integer and lies beyond ±(2^53 − 1). */
function holdsUnsafeInteger(given: unknown): boolean {
  if (typeof given === "object" && given !== null) return Object.values(given).some(holdsUnsafeInteger);
  return typeof given === "number" && /^-?\d+$/.test(`${given}`) && !Number.isSafeInteger(given);
}

function unit(text: string, at: number): string {
  return `\\u${text.charCodeAt(at).toString(16).padStart(4, "0")}`;
}

function turned(given: unknown): unknown {
  if (Array.isArray(given)) return given.map(turned);
  if (typeof given !== "object" || given === null) return given;
  const copy = {};
  for (const [key, item] of Object.entries(given).reverse()) {
    Object.defineProperty(copy, key, { value: turned(item), enumerable: true, writable: true, configurable: true });
  }
  return copy;
}

function parsed(json: string): [unknown] | undefined {
  try {
    return [parseJson(json)];
  } catch (error) {
    expect(error).toBeInstanceOf(LedgerError);
    return undefined;
  }
}

function slowIsCanonicalObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) && canonicalJson(value) === text;
  } catch {
    return false;
  }
}
