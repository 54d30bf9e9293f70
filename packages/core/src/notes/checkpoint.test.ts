import { describe, expect, test } from "vitest";
import { formatCheckpoint, originLine, parseCheckpoint, parseOriginLine } from "./checkpoint.ts";

const root = new Uint8Array(32).fill(0xfb);
const text = `localhost/test\n17\n${Buffer.from(root).toString("base64")}\n`;
const refused = expect.objectContaining({ code: "bad-checkpoint" });

test("a checkpoint is three lines and reads as it was written", () => {
  expect(formatCheckpoint({ origin: "localhost/test", size: 17n, root })).toBe(text);
  expect(parseCheckpoint(text)).toEqual({ origin: "localhost/test", size: 17n, root });
});

describe("a checkpoint is refused", () => {
  test.each([
    ["with a fourth line", `${text}extension\n`],
    ["with an empty fourth line", `${text}\n`],
    ["without its last newline", text.slice(0, -1)],
    ["with two lines", "localhost/test\n17\n"],
    ["with an empty origin", text.replace("localhost/test", "")],
    ["with a space in its origin", text.replace("/", " ")],
    ["with an epoch of 0", text.replace("test", "test~0")],
    ["with an epoch that is no number", text.replace("test", "test~x")],
    ["with an epoch past 32 bits", text.replace("test", "test~4294967296")],
    ["with two epochs", text.replace("test", "test~1~2")],
    ["with a leading zero", text.replace("17", "017")],
    ["with a sign", text.replace("17", "+17")],
    ["with a size past 2^63 − 1", text.replace("17", "9223372036854775808")],
    ["with a short root", text.replace(/.{4}\n$/, "\n")],
    ["with a root that is not canonical", text.replace(/.=\n$/, "9=\n")],
    ["with carriage returns", text.replaceAll("\n", "\r\n")],
    ["that is no text", 1 as unknown as string],
  ])("%s", (_, bad) => {
    expect(() => parseCheckpoint(bad)).toThrow(refused);
  });

  test("before it is written", () => {
    expect(() => formatCheckpoint({ origin: "a\nb", size: 1n, root })).toThrow(refused);
    expect(() => formatCheckpoint({ origin: "a", size: -1n, root })).toThrow(refused);
    expect(() => formatCheckpoint({ origin: "a", size: 1n, root: new Uint8Array(31) })).toThrow(refused);
  });
});

test("an origin line names its epoch after a supersession only", () => {
  expect(originLine("localhost/test", 0)).toBe("localhost/test");
  expect(originLine("localhost/test", 12n)).toBe("localhost/test~12");
  expect(parseOriginLine("localhost/test~12")).toEqual({ origin: "localhost/test", epoch: 12n });
  expect(parseOriginLine("localhost/test")).toEqual({ origin: "localhost/test", epoch: 0n });
  for (const [origin, epoch] of [
    ["a", -1n],
    ["a~1", 1n],
    ["", 0n],
    ["a", 2n ** 32n],
  ] as const) {
    expect(() => originLine(origin, epoch)).toThrow(expect.objectContaining({ code: "invalid-argument" }));
  }
});
