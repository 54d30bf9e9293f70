import { createHash, hash as nodeHash, randomBytes } from "node:crypto";
import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { hashBatch, hashOneByOne, openLanes } from "./hash-batch.ts";
import { assembleLanes, LANE_LENGTHS, laneConstants } from "./sha256-lanes.ts";

const tag = fc.integer({ min: 0, max: 255 });
const lanes = openLanes();
if (lanes === undefined) throw new Error("this engine has no SIMD");

function oracle(tagByte: number, messages: Uint8Array, length: number): Uint8Array {
  const hashes: Uint8Array[] = [];
  for (let from = 0; from < messages.length; from += length) {
    const hash = createHash("sha256").update(Uint8Array.of(tagByte));
    hashes.push(hash.update(messages.subarray(from, from + length)).digest());
  }
  return new Uint8Array(Buffer.concat(hashes));
}

describe.each([
  ["four lanes at a time", lanes],
  ["one by one", hashOneByOne],
])("short messages hashed %s", (_, hashMany) => {
  test("have the hashes of node:crypto, whatever their tag, length and number", () => {
    const lengths = fc.oneof(fc.constantFrom(...LANE_LENGTHS), fc.integer({ min: 1, max: 200 }));
    const messages = fc
      .tuple(lengths, fc.integer({ min: 0, max: 19 }))
      .chain(([length, count]) =>
        fc.tuple(fc.constant(length), fc.uint8Array({ minLength: length * count, maxLength: length * count })),
      );
    fc.assert(
      fc.property(tag, messages, (tagByte, [length, bytes]) => {
        expect(hashMany(tagByte, bytes, length)).toEqual(oracle(tagByte, bytes, length));
      }),
      { numRuns: 300 },
    );
  });

  test.each(LANE_LENGTHS)("of %d bytes do not depend on where they stand among thousands", (length) => {
    const messages = new Uint8Array(randomBytes(length * 2_051));
    expect(hashMany(0x45, messages, length)).toEqual(oracle(0x45, messages, length));
    expect(hashMany(0x45, messages.subarray(length), length)).toEqual(oracle(0x45, messages.subarray(length), length));
  });

  test.each(LANE_LENGTHS)("of %d bytes are right in each bit", (length) => {
    const messages = new Uint8Array(8 * length * length);
    for (let bit = 0; bit < 8 * length; bit++) messages[bit * length + (bit >> 3)] = 1 << (bit & 7);
    expect(hashMany(0, messages, length)).toEqual(oracle(0, messages, length));
    expect(hashMany(255, messages.fill(255), length)).toEqual(oracle(255, messages, length));
  });
});

test("the program is small enough to be compiled at once, with the constants of FIPS 180-4", () => {
  const program = assembleLanes();
  expect(program.length).toBeLessThan(32_768);
  const constants = [...laneConstants()].map((word) => word.toString(16).padStart(8, "0"));
  expect(constants.slice(0, 3)).toEqual(["428a2f98", "71374491", "b5c0fbcf"]);
  expect(constants.slice(64)).toEqual([
    ...["6a09e667", "bb67ae85", "3c6ef372", "a54ff53a"],
    ...["510e527f", "9b05688c", "1f83d9ab", "5be0cd19"],
  ]);
  expect(constants).toHaveLength(72);
});

describe("a batch", () => {
  afterEach(() => vi.unstubAllGlobals());

  test("has the same hashes before and after there were enough of them for the lanes", () => {
    const messages = new Uint8Array(randomBytes(64 * 300));
    const expected = nodeHash("sha256", oracle(1, messages, 64), "hex");
    for (let i = 0; i < 120; i++) {
      const count = i % 3 === 0 ? 300 : 64 + i;
      const hashes = hashBatch(1, messages.subarray(0, 64 * count), 64);
      expect(hashes).toEqual(oracle(1, messages, 64).subarray(0, 32 * count));
    }
    expect(nodeHash("sha256", hashBatch(1, messages, 64), "hex")).toBe(expected);
  });

  test.each([
    ["has no WebAssembly", undefined],
    [
      "may not compile",
      {
        Module: class {
          constructor() {
            throw new Error("unsafe-eval");
          }
        },
      },
    ],
  ])("is hashed plainly where the engine %s", (_, engine) => {
    vi.stubGlobal("WebAssembly", engine);
    expect(openLanes()).toBeUndefined();
  });
});
