import { canonicalJson, isCanonicalObject } from "@eventchain/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type CommandIdSpot, scanCanonical } from "./scan-canonical.ts";

const LIMITS = { maxBytes: 1 << 30, maxDepth: 1000 };

/** The text among other bytes, as it stands in a row. */
function scan(text: Uint8Array, spot?: CommandIdSpot): boolean {
  const bytes = Buffer.concat([Buffer.from('}"0,'), text, Buffer.from('}]"1}')]);
  const answer = scanCanonical(bytes, 4, 4 + text.length, spot);
  if (spot !== undefined && spot.from >= 0) {
    spot.from -= 4;
    spot.to -= 4;
  }
  return answer;
}

const member = fc.oneof(
  fc.jsonValue(),
  fc.double({ noDefaultInfinity: true, noNaN: true }),
  fc.string({ unit: "binary" }),
);
const text = fc
  .dictionary(fc.oneof(fc.string(), fc.constantFrom("a", "b", "commandId")), member)
  .filter((value) => !JSON.stringify(value).includes("\\u0000") && JSON.stringify(value).isWellFormed())
  .map((value) => Buffer.from(canonicalJson(JSON.parse(JSON.stringify(value)))));

describe("the quick look at canonical JSON", () => {
  test("says yes to the texts of ordinary events", () => {
    const values = [
      {},
      { a: -1, b: [true, false, null, { c: [] }], d: 'x " \\ \n é 😀 \u2028', e: 1.5, f: 1e21, g: 0 },
      { amountCents: 123456789012345, lines: [{ quantity: 1, sku: "x" }], nested: { deeper: { still: "y" } } },
    ];
    for (const value of values) expect(scan(Buffer.from(canonicalJson(value)))).toBe(true);
  });

  test("never says yes where the plain check says no, whatever one byte is changed, added or left out", () => {
    const change = fc.record({ at: fc.nat(), byte: fc.nat(255), kind: fc.constantFrom("set", "add", "drop", "none") });
    fc.assert(
      fc.property(text, change, (given, { at, byte, kind }) => {
        const spot = at % (given.length + (kind === "add" ? 1 : 0));
        const parts = [given.subarray(0, spot), given.subarray(spot + (kind === "add" ? 0 : 1))] as const;
        const changed =
          kind === "none" ? given : Buffer.concat([parts[0], ...(kind === "drop" ? [] : [Buffer.of(byte)]), parts[1]]);
        if (!scan(changed)) return;
        const decoded = changed.toString();
        expect(Buffer.from(decoded).equals(changed)).toBe(true);
        expect(isCanonicalObject(decoded, LIMITS)).toBe(true);
      }),
      { numRuns: 3_000 },
    );
  });

  test("says yes to every canonical text of plain keys and no rare escapes", () => {
    fc.assert(
      fc.property(text, (given) => {
        const decoded = given.toString();
        fc.pre(!/\\u/.test(decoded) && !/[^ -~]|\\./.test(keysOf(JSON.parse(decoded))));
        expect(scan(given)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  test.each([
    "[]",
    "{",
    "",
    '{"a":01}',
    '{"a":-0}',
    '{"a":1.0}',
    '{"b":1,"a":1}',
    '{"a":1,"a":1}',
    '{"a":"\\u0041"}',
    '{"a":nul}',
  ])("does not say yes to %s", (given) => expect(scan(Buffer.from(given))).toBe(false));

  test("finds the outermost command id, and whether it is written with an escape", () => {
    const find = (value: object): string | undefined => {
      const spot = { from: -1, to: -1, isEscaped: false };
      const bytes = Buffer.from(canonicalJson(value));
      expect(scan(bytes, spot)).toBe(true);
      if (spot.from < 0) return undefined;
      return `${bytes.toString("utf8", spot.from, spot.to)}${spot.isEscaped ? " escaped" : ""}`;
    };
    expect(find({ actor: "a", commandId: "c-1", ip: "x\\" })).toBe("c-1");
    expect(find({ actor: "a\n", commandId: "" })).toBe("");
    expect(find({ commandId: 'c"' })).toBe('c\\" escaped');
    expect(find({ commandId: 7 })).toBeUndefined();
    expect(find({ commandId: ["c"] })).toBeUndefined();
    expect(find({ a: { commandId: "c" }, commandIds: "d" })).toBeUndefined();
  });
});

function keysOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return "";
  if (Array.isArray(value)) return value.map(keysOf).join("");
  return Object.entries(value)
    .map(([key, item]) => JSON.stringify(key).slice(1, -1) + keysOf(item))
    .join("");
}
