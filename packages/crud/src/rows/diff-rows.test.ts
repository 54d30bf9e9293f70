import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { EncodedRow, EncodedValue } from "../values/encode-value.ts";
import { diffRows, foldRow, type RowImage } from "./diff-rows.ts";

describe("diffRows", () => {
  test("names only the fields that differ, with both values", () => {
    expect(diffRows({ a: 1, b: "x", c: null }, { a: 1, b: "y", c: null })).toEqual({
      kind: "changed",
      changes: { b: { from: "x", to: "y" } },
    });
  });

  test("tells a field that is not there from one that is NULL", () => {
    expect(diffRows({ a: null }, { b: null })).toEqual({
      kind: "changed",
      changes: { a: { from: null }, b: { to: null } },
    });
  });

  test("tells storage classes apart", () => {
    expect(diffRows({ a: 1 }, { a: { $real: "1" } })).toEqual({
      kind: "changed",
      changes: { a: { from: 1, to: { $real: "1" } } },
    });
  });

  test("an image that is the same is no change", () => {
    expect(diffRows({ a: { $blob: "AA==" }, b: 1 }, { b: 1, a: { $blob: "AA==" } })).toBeUndefined();
    expect(diffRows(null, null)).toBeUndefined();
  });

  test("the same digest is no change, in whatever order its keys come", () => {
    const digest = (content: object): RowImage => ({ a: { $digest: content } });
    const one = digest({ of: "blob", sha256: "00", bytes: 1 });
    expect(diffRows(one, digest({ bytes: 1, of: "blob", sha256: "00" }))).toBeUndefined();
    expect(diffRows(one, digest({ bytes: 2, of: "blob", sha256: "00" }))).toMatchObject({ kind: "changed" });
  });

  test("a first image creates, a last one deletes", () => {
    expect(diffRows(null, {})).toEqual({ kind: "created", values: {} });
    expect(diffRows({}, null)).toEqual({ kind: "deleted" });
  });

  test("a column may be called anything", () => {
    const before = Object.fromEntries([["__proto__", 1]]);
    const after = Object.fromEntries([
      ["__proto__", 2],
      ["constructor", "x"],
    ]);
    const change = diffRows(before, after);
    expect(change === undefined ? null : Object.entries(foldRow(before, change) ?? {})).toEqual([
      ["__proto__", 2],
      ["constructor", "x"],
    ]);
  });
});

const sameImage = (one: RowImage, other: RowImage): boolean => diffRows(one, other) === undefined;

const value: fc.Arbitrary<EncodedValue> = fc.oneof(
  fc.constantFrom<EncodedValue[]>(null, 0, 1, "", "x", true, { $real: "1" }, { $blob: "AA==" }),
  fc.string(),
  fc.integer(),
);
const row: fc.Arbitrary<EncodedRow> = fc.dictionary(fc.constantFrom("a", "b", "c", "__proto__"), value);
const image: fc.Arbitrary<RowImage> = fc.option(row, { nil: null, freq: 4 });

test("the change from one image to another, folded onto the one, gives the other", () => {
  fc.assert(
    fc.property(image, image, (before, after) => {
      const change = diffRows(before, after);
      expect(sameImage(change === undefined ? before : foldRow(before, change), after)).toBe(true);
    }),
  );
});

test("the changes of any history, folded, give its last image, with a change for each step that is one", () => {
  fc.assert(
    fc.property(fc.array(image, { maxLength: 20 }), (images) => {
      let before: RowImage = null;
      let folded: RowImage = null;
      let changes = 0;
      let steps = 0;
      for (const after of images) {
        const change = diffRows(before, after);
        if (change !== undefined) folded = foldRow(folded, change);
        changes += change === undefined ? 0 : 1;
        steps += sameImage(before, after) ? 0 : 1;
        before = after;
      }
      expect(sameImage(folded, images.at(-1) ?? null)).toBe(true);
      expect(changes).toBe(steps);
    }),
  );
});
