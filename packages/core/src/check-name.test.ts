import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkName, checkOrigin, type NameKind, normaliseTags } from "./check-name.ts";
import { compareUtf8 } from "./compare-utf8.ts";

const kinds: NameKind[] = ["stream", "type", "tag", "commandId", "metadataKey"];
const refused = expect.objectContaining({ code: "invalid-name" });

describe("a name", () => {
  test.each(kinds)("of a %s has 1 to 512 bytes of UTF-8", (kind) => {
    expect(() => checkName(kind, "a")).not.toThrow();
    expect(() => checkName(kind, "é".repeat(256))).not.toThrow();
    expect(() => checkName(kind, "")).toThrow(refused);
    expect(() => checkName(kind, `${"é".repeat(256)}a`)).toThrow(refused);
    expect(() => checkName(kind, "🖨".repeat(129))).toThrow(refused);
  });

  test.each(kinds)("of a %s holds neither U+0000 nor half a character", (kind) => {
    for (const name of ["a\0b", "\ud800", "a\udc00", 7 as unknown as string])
      expect(() => checkName(kind, name)).toThrow(refused);
    expect(() => checkName(kind, "\ud83d\udda8 ' ; drop table -- \u202e")).not.toThrow();
  });

  test("that begins with $ is the ledger's own", () => {
    for (const kind of kinds.filter((kind) => kind !== "commandId")) {
      expect(() => checkName(kind, "$privacy")).toThrow(/kept for the ledger/);
      expect(() => checkName(kind, "$privacy", { system: true })).not.toThrow();
    }
    expect(() => checkName("commandId", "$1")).not.toThrow();
  });

  test("is named by the error, cut, and as JSON can hold it", () => {
    expect(() => checkName("tag", `\ud800${"x".repeat(600)}`)).toThrow(
      expect.objectContaining({ values: { kind: "tag", name: `\ufffd${"x".repeat(79)}` } }),
    );
  });
});

test("an origin is printable ASCII without space, + and ~", () => {
  for (const origin of ["localhost/main", "a", "!#$%&'()*,-./:;<=>?@[\\]^_`{|}", "x".repeat(200)]) {
    expect(() => checkOrigin(origin)).not.toThrow();
  }
  for (const origin of ["", "a b", "a+b", "a~1", "é", "a\n", "a\u007f", "x".repeat(201), 1 as unknown as string]) {
    expect(() => checkOrigin(origin)).toThrow(refused);
  }
});

describe("tags", () => {
  test("are sorted by their bytes, not by UTF-16", () => {
    expect(normaliseTags(["🖨:printer", "Ａ:wide", "ticket:2"])).toEqual(["ticket:2", "Ａ:wide", "🖨:printer"]);
  });

  test("are refused when given twice, empty or the ledger's own", () => {
    expect(() => normaliseTags(["a", "b", "a"])).toThrow(/given twice/);
    expect(() => normaliseTags(["a", ""])).toThrow(refused);
    const many = Array.from({ length: 1025 }, (_, i) => `tag:${i}`);
    expect(() => normaliseTags(many)).toThrow(/at most 1024 tags/);
    expect(normaliseTags(many.slice(1))).toHaveLength(1024);
    expect(() => normaliseTags(["$a"])).toThrow(refused);
    expect(normaliseTags(["$a"], { system: true })).toEqual(["$a"]);
  });

  test("are left as they came in the caller's array", () => {
    const given = ["b", "a"];
    normaliseTags(given);
    expect(given).toEqual(["b", "a"]);
  });
});

test("the order of names is that of their UTF-8 bytes", () => {
  const name = fc.string({ unit: "binary", maxLength: 8 });
  fc.assert(
    fc.property(name, name, (a, b) => {
      expect(Math.sign(compareUtf8(a, b))).toBe(Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b))));
    }),
    {
      numRuns: 1000,
      examples: [
        ["\uffff", "\u{10000}"],
        ["\ue000", "\u{10ffff}"],
        ["\ud7ff", "\ue000"],
        ["a", "ab"],
      ],
    },
  );
});
