import { createHash } from "node:crypto";
import { canonicalJson, isCanonicalObject, parseJson } from "@eventchain/core";
import { describe, expect, test } from "vitest";
import { sharedData } from "./shared-data.ts";

const folder = "jcs-rfc8785-vectors/testdata";

describe("RFC 8785's vectors", () => {
  test.for(["arrays", "french", "structures", "unicode", "values", "weird"])("%s", (name, context) => {
    const input = sharedData(context, `${folder}/input/${name}.json`);
    const hex = sharedData(context, `${folder}/outhex/${name}.txt`).replaceAll(/\s/g, "");
    const expected = Buffer.from(hex, "hex").toString("utf8");
    for (const value of [JSON.parse(input), parseJson(input)]) expect(canonicalJson(value)).toBe(expected);
    expect(isCanonicalObject(expected)).toBe(expected.startsWith("{"));
    expect(isCanonicalObject(`${expected} `)).toBe(false);
  });

  test("ten thousand numbers", (context) => {
    const readme = sharedData(context, `${folder}/README.md`);
    const [, digest] = /\| ([0-9a-f]{64}) \| 10000 /.exec(readme) ?? [];
    const listed = readme.match(/0x[0-9a-f]{16}n/g)?.map((hex) => BigInt(hex.slice(0, -1))) ?? [];
    // The list, whose last member the text below it repeats, then 2,000 numbers in a row, then whatever SHA-256 brings forth.
    const lines: string[] = [];
    for (const bits of numberBits(listed)) {
      lines.push(`${bits.toString(16)},${canonicalJson(fromBits(bits))}\n`);
      if (lines.length === 10_000) break;
    }
    expect(createHash("sha256").update(lines.join("")).digest("hex")).toBe(digest);
  });
});

function* numberBits(listed: readonly bigint[]): Generator<bigint> {
  yield* listed.slice(0, -1);
  for (let i = 0n; i < 2000n; i++) yield 0x0010000000000000n + i;
  let block = Buffer.alloc(32);
  for (;;) {
    block = createHash("sha256").update(block).digest();
    for (let at = 0; at < 32; at += 8) {
      const value = block.readDoubleLE(at);
      if (value !== 0 && Number.isFinite(value)) yield block.readBigUInt64LE(at);
    }
  }
}

function fromBits(bits: bigint): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, bits);
  return view.getFloat64(0);
}
