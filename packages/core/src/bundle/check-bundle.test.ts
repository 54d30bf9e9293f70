import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { signerFromSeed } from "../notes/note-keys.ts";
import { signNote } from "../notes/sign-note.ts";
import { parseTrustRoot } from "../trust/trust-root.ts";
import { checkBundle } from "./check-bundle.ts";
import { after, chainOf, log, makeBundle, origin, outcome, stranger, trust } from "./make-bundle.fixture.ts";
import type { ProofBundle } from "./proof-bundle.ts";
import { BUNDLE_CHECKS, type BundleCheckName } from "./report.ts";

let bundle: ProofBundle;
let anchor: NonNullable<ProofBundle["anchor"]>;

beforeEach(() => {
  bundle = makeBundle();
  anchor = bundle.anchor as typeof anchor;
});

describe("a true bundle", () => {
  test("passes every check, as text or as value", async () => {
    const report = await checkBundle(JSON.stringify(bundle), { trust, chain: chainOf(bundle) });
    expect(report.checks.map(({ name, ok }) => [name, ok])).toEqual(BUNDLE_CHECKS.map((name) => [name, true]));
    expect(report).toMatchObject({
      ok: true,
      trust: "given",
      event: { position: "7", type: "Opened", stream: "ticket-1" },
    });
    expect(await checkBundle(bundle, { trust, chain: chainOf(bundle) })).toEqual(report);
  });

  test("says what could not be checked without a trust root, keys and a chain", async () => {
    const report = await checkBundle(bundle);
    expect(report).toMatchObject({ ok: false, trust: "none" });
    expect(outcome(report)).toEqual({ failed: [], open: ["checkpoint-signature", "trust-root", "anchor-on-chain"] });
    const withKeys = await checkBundle(bundle, { vkeys: [stranger.vkey, log.vkey] });
    expect(withKeys).toMatchObject({ ok: true, trust: "keys" });
    expect(outcome(withKeys).open).toEqual(["trust-root", "anchor-on-chain"]);
  });

  test("may leave out its data and metadata, whose hashes stay proved", async () => {
    Object.assign(bundle.event, { data: null, salt: null, metadata: null, metaSalt: null });
    const report = await checkBundle(bundle, { trust, chain: chainOf(bundle) });
    expect(report.ok).toBe(true);
    expect(outcome(report)).toEqual({ failed: [], open: ["data-hash", "metadata-hash"] });
  });

  test("may be sealed and not yet anchored", async () => {
    const report = await checkBundle({ ...bundle, anchor: null }, { trust, chain: chainOf(bundle) });
    expect(report.ok).toBe(true);
    expect(outcome(report)).toEqual({ failed: [], open: ["anchor-consistency", "trust-root", "anchor-on-chain"] });
  });

  test("may be of a system event that this version knows", async () => {
    const own = makeBundle({ type: "$DataErased", stream: "$privacy" });
    expect((await checkBundle(own, { trust, chain: chainOf(own) })).ok).toBe(true);
  });

  test("may be signed by witnesses besides", async () => {
    bundle.checkpoint += signNote("x\n", stranger).slice(3);
    expect((await checkBundle(bundle, { trust })).ok).toBe(true);
  });
});

describe("a false bundle fails where it is false, and no later check is made:", () => {
  const changes: [string, BundleCheckName, () => void][] = [
    ["data that is not canonical", "canonical", () => Object.assign(bundle.event, { data: '{ "title":"x"}' })],
    ["metadata that is no object", "canonical", () => Object.assign(bundle.event, { metadata: "[]" })],
    [
      "a header with its keys out of order",
      "canonical",
      () => Object.assign(bundle.event, { header: '{"b":1,"a":1}' }),
    ],
    ["other data", "data-hash", () => Object.assign(bundle.event, { data: '{"title":"y"}' })],
    ["another salt", "data-hash", () => Object.assign(bundle.event, { salt: "00".repeat(16) })],
    ["other metadata", "metadata-hash", () => Object.assign(bundle.event, { metadata: "{}" })],
    ["another header", "inclusion", () => swapHeader({ type: "Closed" })],
    ["another position", "inclusion", () => Object.assign(bundle.event, { position: "8" })],
    ["a position past the size", "inclusion", () => Object.assign(bundle.event, { position: "13" })],
    ["another version", "inclusion", () => Object.assign(bundle.event, { version: "3" })],
    ["another time", "inclusion", () => Object.assign(bundle.event, { recordedAtMicros: "1763683200000001" })],
    ["another previous hash", "inclusion", () => Object.assign(bundle.event, { prevHash: "00".repeat(32) })],
    ["another ledger's header", "origin", () => swapHeader({ ledger: "localhost/other" })],
    ["a checkpoint that is none", "origin", () => Object.assign(bundle, { checkpoint: "hello\n" })],
    ["another size", "inclusion", () => Object.assign(bundle.inclusion, { size: "13" })],
    ["a path too long", "inclusion", () => bundle.inclusion.path.push("00".repeat(32))],
    ["a path too short", "inclusion", () => bundle.inclusion.path.pop()],
    ["a checkpoint by a stranger", "checkpoint-signature", () => resign(stranger)],
    [
      "a checkpoint by another key of its name",
      "checkpoint-signature",
      () => resign(signerFromSeed(origin, otherSeed())),
    ],
    [
      "a changed signature",
      "checkpoint-signature",
      () => Object.assign(bundle, { checkpoint: bundle.checkpoint.replace(/.{7}=\n$/, "AAAAAAA=\n") }),
    ],
    ["an anchor older than the checkpoint", "anchor-consistency", () => Object.assign(anchor, { size: "11" })],
    [
      "an anchor of the same size with another root",
      "anchor-consistency",
      () => Object.assign(anchor, { size: "12", consistency: [] }),
    ],
    [
      "an anchor with another root",
      "anchor-consistency",
      () => Object.assign(anchor, { root: `0x${"00".repeat(32)}` }),
    ],
    ["an anchor without its path", "anchor-consistency", () => Object.assign(anchor, { consistency: [] })],
    ["an anchor with a path too long", "anchor-consistency", () => anchor.consistency.push("00".repeat(32))],
    ["another chain", "trust-root", () => Object.assign(anchor, { chainId: "1" })],
    [
      "another chain of the same id",
      "trust-root",
      () => Object.assign(anchor, { genesisHash: `0x${"00".repeat(32)}` }),
    ],
    ["another contract", "trust-root", () => Object.assign(anchor, { contract: `0x${"00".repeat(20)}` })],
    ["another ledger in the contract", "trust-root", () => Object.assign(anchor, { ledgerId: `0x${"00".repeat(32)}` })],
  ];

  test.each(changes)("%s", async (_, name, change) => {
    change();
    const report = await checkBundle(bundle, { trust, chain: chainOf(bundle) });
    expect(report.ok).toBe(false);
    expect(outcome(report)).toEqual({ failed: [name], open: after(name) });
  });

  test("a bundle of one ledger under another's trust root", async () => {
    const other = parseTrustRoot({ ...trust, origin: "localhost/other", chains: [] });
    expect(outcome(await checkBundle(bundle, { trust: other })).failed).toEqual(["trust-root"]);
  });

  test("an event of one bundle in the other parts of another", async () => {
    const other = makeBundle({ data: '{"title":"other"}' });
    for (const part of ["event", "inclusion", "checkpoint", "anchor"] as const) {
      const mixed = { ...bundle, [part]: other[part] };
      const { ok } = await checkBundle(mixed, { trust, chain: chainOf(bundle) });
      // The path to the seventh leaf is the same in both: what is not of the event's own does not change.
      expect([part, ok]).toEqual([part, part === "inclusion"]);
    }
  });

  function swapHeader(change: object): void {
    bundle.event.header = JSON.stringify({ ...JSON.parse(bundle.event.header), ...change });
  }

  function resign(signer: typeof log): void {
    bundle.checkpoint = signNote(bundle.checkpoint.slice(0, bundle.checkpoint.indexOf("\n\n") + 1), signer);
  }

  function otherSeed(): Uint8Array {
    return new Uint8Array(32).fill(9);
  }
});

describe("a witness's signature", () => {
  test("does not stand in for the log's own", async () => {
    const text = bundle.checkpoint.slice(0, bundle.checkpoint.indexOf("\n\n") + 1);
    bundle.checkpoint = signNote(text, stranger);
    const report = await checkBundle(bundle, { vkeys: [stranger.vkey, log.vkey] });
    expect(outcome(report).failed).toEqual(["checkpoint-signature"]);
  });
});

describe("what this version does not know cannot be judged", () => {
  test("in a format, a type or a header's key: not ok, and nothing false", async () => {
    const later = { ...bundle, format: "eventchain/proof@2", more: 1 };
    const type = makeBundle({ type: "$Unheard", stream: "$x" });
    const key = structuredClone(bundle);
    key.event.header = `${bundle.event.header.slice(0, -1)},"zone":"eu"}`;
    for (const [given, name] of [
      [later, "format"],
      [type, "canonical"],
      [key, "canonical"],
    ] as const) {
      const report = await checkBundle(given, { trust, chain: chainOf(bundle) });
      expect(report.ok).toBe(false);
      expect(outcome(report)).toEqual({ failed: [], open: [name, ...after(name)] });
      expect(report.checks.find((check) => check.name === name)?.detail).toMatch(/cannot judge/);
    }
  });
});

test("no change of one character anywhere in a bundle passes every check", async () => {
  const text = JSON.stringify(makeBundle());
  const character = fc.constantFrom(...'0123456789abcdef{}[]":,\\ ~\u0000');
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: text.length - 1 }), character, fc.boolean(), async (at, put, instead) => {
      const changed = text.slice(0, at) + put + text.slice(instead ? at + 1 : at);
      fc.pre(changed !== text && !isSameJson(changed, text));
      const report = await checkBundle(changed, { trust, chain: chainOf(makeBundle()) });
      expect(report.ok).toBe(false);
    }),
    { numRuns: 400 },
  );
});

test("whatever stands in a bundle's place, or in a field's, its check throws nothing", async () => {
  const fields = [...paths(makeBundle())];
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...fields), fc.anything(), async (path, value) => {
      for (const given of [value, replaced(makeBundle(), path, value)]) {
        const report = await checkBundle(given, { trust });
        expect(report.checks.map((check) => check.name)).toEqual(BUNDLE_CHECKS);
      }
    }),
    { numRuns: 500 },
  );
});

/** The path of every field within. */
function* paths(value: object, above: string[] = []): Generator<string[]> {
  for (const [key, item] of Object.entries(value)) {
    yield [...above, key];
    if (typeof item === "object" && item !== null) yield* paths(item, [...above, key]);
  }
}

function replaced(value: object, [key = "", ...below]: string[], put: unknown): object {
  const copy: Record<string, unknown> = { ...value };
  copy[key] = below.length === 0 ? put : replaced(copy[key] as object, below, put);
  return Array.isArray(value) ? Object.values(copy) : copy;
}

function isSameJson(a: string, b: string): boolean {
  try {
    return JSON.stringify(JSON.parse(a)) === JSON.stringify(JSON.parse(b));
  } catch {
    return false;
  }
}

test("a verifier key that is none is the caller's mistake, not the bundle's", async () => {
  await expect(checkBundle(bundle, { vkeys: ["x"] })).rejects.toThrow(expect.objectContaining({ code: "bad-key" }));
});
