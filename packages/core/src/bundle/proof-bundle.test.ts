import { describe, expect, test } from "vitest";
import { checkBundle } from "./check-bundle.ts";
import { formatBundle, type ProofBundle, parseBundle } from "./proof-bundle.ts";

const hash = "ab".repeat(32);
const anchor: NonNullable<ProofBundle["anchor"]> = {
  chainId: "31337",
  genesisHash: `0x${hash}`,
  contract: `0x${"11".repeat(20)}`,
  ledgerId: `0x${hash}`,
  epoch: "0",
  size: "2048",
  root: `0x${hash}`,
  txHash: `0x${hash}`,
  blockNumber: "88",
  blockHash: `0x${hash}`,
  consistency: [hash],
};
const bundle: ProofBundle = {
  format: "eventchain/proof@1",
  event: {
    header: "{}",
    data: '{"a":"é"}',
    salt: "00".repeat(16),
    metadata: null,
    metaSalt: null,
    prevHash: hash,
    position: "17",
    version: "3",
    recordedAtMicros: "1763683200000000",
  },
  inclusion: { size: "1024", path: [hash, hash] },
  checkpoint: "a\n1\nx\n\n— a b\n",
  anchor,
};

test("a bundle is one line with its fields in the format's order, whatever order they are given in", () => {
  const text = formatBundle(bundle);
  expect(text).toBe(`${JSON.stringify(bundle)}\n`);
  expect(parseBundle(text)).toEqual(bundle);
  const turned = JSON.parse(text, (_, value) =>
    value === null || typeof value !== "object" || Array.isArray(value)
      ? value
      : Object.fromEntries(Object.entries(value).reverse()),
  );
  expect(JSON.stringify(turned)).not.toBe(JSON.stringify(bundle));
  expect(formatBundle(turned)).toBe(text);
  expect(parseBundle(JSON.stringify(bundle, null, 2))).toEqual(bundle);
});

describe("a bundle is refused", () => {
  const event = (change: object) => ({ ...bundle, event: { ...bundle.event, ...change } });
  const anchored = (change: object) => ({ ...bundle, anchor: { ...anchor, ...change } });
  test.each<[string, unknown]>([
    ["that is no object", [bundle]],
    ["that is null", null],
    ["without a format", { ...bundle, format: undefined }],
    ["of another kind", { ...bundle, format: "proof" }],
    ["with another field", { ...bundle, note: "" }],
    ["with another field in its event", event({ hash })],
    ["with another field in its anchor", anchored({ final: true })],
    ["without an anchor field", { ...bundle, anchor: undefined }],
    ["with hex in capitals", event({ prevHash: hash.toUpperCase() })],
    ["with hex too long", event({ prevHash: `${hash}00` })],
    ["with 0x where there is none", event({ prevHash: `0x${hash}` })],
    ["without 0x where there is one", anchored({ root: hash })],
    ["with an address in mixed case", anchored({ contract: `0x${"Ab".repeat(20)}` })],
    ["with a short salt", event({ salt: "00" })],
    ["with a salt for no data", event({ data: null })],
    ["with data without a salt", event({ salt: null })],
    ["with metadata without a salt", event({ metadata: "{}" })],
    ["with a number for a position", event({ position: 17 })],
    ["with position 0", event({ position: "0" })],
    ["with a number that is none", event({ position: "seven" })],
    ["with a leading zero", event({ position: "017" })],
    ["with a space in a number", event({ version: "3 " })],
    ["with a number past 2^63 − 1", event({ position: "9223372036854775808" })],
    ["with a huge number", event({ position: "9".repeat(10_000) })],
    ["with size 0", { ...bundle, inclusion: { size: "0", path: [] } }],
    ["with a path of 64", { ...bundle, inclusion: { size: "1", path: new Array(64).fill(hash) } }],
    ["with a consistency path of 65", anchored({ consistency: new Array(65).fill(hash) })],
    ["with an epoch past 32 bits", anchored({ epoch: "4294967296" })],
    ["with a path that is a text", { ...bundle, inclusion: { size: "1", path: hash } }],
    ["with a checkpoint of a megabyte", { ...bundle, checkpoint: "x".repeat(1_000_001) }],
  ])("%s", async (_, bad) => {
    expect(() => parseBundle(JSON.stringify(bad))).toThrow(expect.objectContaining({ code: "bad-bundle" }));
    const report = await checkBundle(bad);
    expect(report).toMatchObject({
      ok: false,
      event: null,
      checks: [{ name: "format", ok: false }, ...new Array(10).fill({ ok: null })],
    });
  });

  test.each([
    ["no JSON", "{"],
    ["nothing", ""],
    ["a field twice", formatBundle(bundle).replace('"anchor"', '"checkpoint":"","anchor"')],
    ["__proto__", formatBundle(bundle).replace('"anchor"', '"__proto__":{"anchor":null},"anchor"')],
    ["nesting without end", "[".repeat(1_000_000)],
    ["more than it may weigh", `{"format":"${"x".repeat(17 * 1024 * 1024)}"}`],
  ])("with %s, and nothing is thrown by its check", async (_, text) => {
    expect(() => parseBundle(text)).toThrow(expect.objectContaining({ code: "bad-bundle" }));
    expect((await checkBundle(text)).checks[0]).toMatchObject({ name: "format", ok: false });
  });

  test("of a later version, as one that cannot be judged", () => {
    expect(() => parseBundle('{"format":"eventchain/proof@2"}')).toThrow(
      expect.objectContaining({ code: "unsupported-format", values: { format: "eventchain/proof@2" } }),
    );
  });

  test("before it is written", () => {
    expect(() => formatBundle({ ...bundle, event: { ...bundle.event, position: "0" } })).toThrow(
      expect.objectContaining({ code: "bad-bundle", values: { field: "event.position" } }),
    );
  });

  test("with a name for the field that is wrong", () => {
    expect(() => parseBundle(JSON.stringify(anchored({ root: "0x" })))).toThrow(/anchor\.root: not 0x and 32 bytes/);
  });
});
