import { canonicalJson, formatPath, LedgerError } from "@eventchain/core";
import fc from "fast-check";
import { expect, test } from "vitest";

/** What a value is refused with, and where. */
class Refusal extends Error {
  readonly path: string;

  constructor(path: string, message: string) {
    super(message);
    this.path = path;
  }
}

/** Canonical JSON as RFC 8785 and the refusals say it, written for nothing but to be read. */
function plainText(value: unknown, path: readonly (string | number)[], inside: readonly unknown[]): string {
  const refuse = (problem: string): never => {
    throw new Refusal(formatPath(path), problem);
  };
  const written = (text: string): string => {
    if (!text.isWellFormed()) refuse("holds a lone surrogate");
    if (text.includes("\0")) refuse("holds the character U+0000");
    return JSON.stringify(text);
  };
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "string") return written(value);
  if (typeof value === "number") return Number.isFinite(value) ? JSON.stringify(value) : refuse(`is ${value}`);
  if (value === undefined) return refuse("is undefined");
  if (typeof value !== "object") return refuse(`is a ${typeof value}`);
  if (inside.includes(value)) refuse("contains itself");
  const own = [...inside, value];
  if (Array.isArray(value))
    return `[${Array.from(value, (item: unknown, index) => plainText(item, [...path, index], own)).join(",")}]`;
  if (value instanceof Map) refuse("is a Map, which has no JSON form");
  const members: [string, string][] = [];
  for (const [key, member] of Object.entries(value)) {
    if (member === undefined) continue;
    const steps = [...path, key];
    if (!key.isWellFormed()) throw new Refusal(formatPath(steps), "holds a lone surrogate");
    if (key.includes("\0")) throw new Refusal(formatPath(steps), "holds the character U+0000");
    members.push([key, plainText(member, steps, own)]);
  }
  members.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, text]) => `${JSON.stringify(key)}:${text}`).join(",")}}`;
}

function outcomeOf(write: () => string): unknown {
  try {
    return write();
  } catch (error) {
    if (error instanceof Refusal) return [error.path, `${error.path} ${error.message}`];
    expect(error).toBeInstanceOf(LedgerError);
    const { code, message, values } = error as LedgerError;
    expect(code).toBe("invalid-value");
    return [values.path, message];
  }
}

const odd = fc.constantFrom<unknown>(
  undefined,
  Number.NaN,
  -Infinity,
  1n,
  Symbol("s"),
  () => 1,
  new Map(),
  new Array(2),
);
// Orders that JavaScript has of its own, names that mean something to it, and what has to be escaped or refused.
const keys = fc.oneof(
  fc.string({ unit: "binary", maxLength: 6 }),
  fc.constantFrom("__proto__", "constructor", "length", "10", "9", "01", "1a", "4294967294", "4294967295", "-1", ""),
  fc.constantFrom("\uffff", "😀", "\ud800", "a\0", '"', "\\", "\u007f", "\u2028"),
);

/** Values without (`oddWeight` 0) and with something in them that has no JSON. */
function values(oddWeight: number): fc.Arbitrary<unknown> {
  const { value } = fc.letrec<{ value: unknown; object: object }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      { weight: 6, arbitrary: fc.oneof(keys, fc.string({ unit: "grapheme", maxLength: 10 })) },
      { weight: 3, arbitrary: fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.maxSafeInteger()) },
      { weight: 1, arbitrary: fc.constantFrom(true, false, null) },
      { weight: oddWeight, arbitrary: odd },
      { weight: 6, arbitrary: tie("object") },
      { weight: 2, arbitrary: fc.array(tie("value"), { maxLength: 4 }) },
    ),
    object: fc.array(fc.tuple(keys, tie("value")), { maxLength: 6 }).map((members) => {
      const given = {};
      for (const [key, value] of members)
        Object.defineProperty(given, key, { value, enumerable: true, configurable: true, writable: true });
      return given;
    }),
  }));
  return value;
}

test.each([
  ["plain values", 0],
  ["values with something in them that has no JSON", 1],
])("writes and refuses %s as the plain way does", (_, oddWeight) => {
  fc.assert(
    fc.property(values(oddWeight), (given) => {
      expect(outcomeOf(() => canonicalJson(given))).toEqual(outcomeOf(() => plainText(given, [], [])));
    }),
    { numRuns: 2_000 },
  );
});

test("writes what a proxy lists in an order that no object has", () => {
  const listed = new Proxy({ 5: 1, 10: 2, b: 3 }, { ownKeys: () => ["b", "5", "10"] });
  expect(canonicalJson([listed])).toBe('[{"10":2,"5":1,"b":3}]');
});

test("reads each member once, in the order that the object has them", () => {
  const read: string[] = [];
  const given = {
    get b() {
      read.push("b");
      return { toJSON: (key: string) => read.push(`toJSON of ${key}`) };
    },
    get a() {
      return read.push("a");
    },
  };
  expect(canonicalJson(given)).toBe('{"a":3,"b":2}');
  expect(read).toEqual(["b", "toJSON of b", "a"]);
});
