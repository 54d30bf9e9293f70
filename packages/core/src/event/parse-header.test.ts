import { describe, expect, test } from "vitest";
import { canonicalJson } from "../json/canonical-json.ts";
import { type EventHeader, parseHeader } from "./parse-header.ts";

const header: EventHeader = {
  data: "ab".repeat(32),
  id: "019a9f00-0000-7000-8000-000000000001",
  ledger: "localhost/test",
  meta: "cd".repeat(32),
  schema: 1,
  stream: "ticket-1",
  tags: ["a", "b"],
  type: "Opened",
};
const code = (expected: string) => expect.objectContaining({ code: expected });

test("a header is read as it was written", () => {
  expect(parseHeader(canonicalJson(header))).toEqual(header);
  const own = { ...header, stream: "$privacy", type: "$DataErased", tags: [] };
  expect(parseHeader(canonicalJson(own))).toEqual(own);
});

describe("a header is refused", () => {
  test.each<[string, object]>([
    ["with a hash in capitals", { data: "AB".repeat(32) }],
    ["with a short hash", { meta: "cd".repeat(31) }],
    ["with an id in capitals", { id: header.id.toUpperCase() }],
    ["with an id that is none", { id: "1" }],
    ["with a ledger that is none", { ledger: "a b" }],
    ["with schema 0", { schema: 0 }],
    ["with a schema past 2^31 − 1", { schema: 2 ** 31 }],
    ["with a schema in text", { schema: "1" }],
    ["with an empty stream", { stream: "" }],
    ["with a type that is too long", { type: "x".repeat(513) }],
    ["with tags out of order", { tags: ["b", "a"] }],
    ["with tags by UTF-16 order", { tags: ["🖨", "Ａ"] }],
    ["with a tag twice", { tags: ["a", "a"] }],
    ["with a tag that is no text", { tags: [1] }],
    ["with tags that are no list", { tags: "a" }],
    ["with a key missing", { type: undefined }],
    ["with a key in another's place", { type: undefined, kind: "Opened" }],
  ])("%s", (_, change) => {
    expect(() => parseHeader(canonicalJson({ ...header, ...change }))).toThrow(code("bad-bundle"));
  });

  test("that is not canonical JSON", () => {
    const text = canonicalJson(header);
    for (const other of [
      "",
      "{}",
      ` ${text}`,
      `${text}\n`,
      JSON.stringify(Object.fromEntries(Object.entries(header).reverse())),
      text.replace(":1,", ":1.0,"),
    ]) {
      expect(() => parseHeader(other)).toThrow(code("bad-bundle"));
    }
  });

  test("that has a key of a later format, as one that cannot be judged", () => {
    expect(() => parseHeader(canonicalJson({ ...header, zone: "eu" }))).toThrow(
      expect.objectContaining({ code: "unsupported-format", values: { key: "zone" } }),
    );
    expect(() => parseHeader(canonicalJson(JSON.parse(`{"__proto__":1,${JSON.stringify(header).slice(1)}`)))).toThrow(
      code("unsupported-format"),
    );
  });
});
