import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type AttackStage, setTheStage, told } from "../support/attack-stage.ts";
import { recomputeForward, renumber, type Victim } from "../support/tamper.ts";

// Whatever one row of the sealed history is made to say, and whether the hashes after it are recomputed or not: it is seen, it
// is seen where it is, and it is one finding.

let stage: AttackStage;
beforeAll(async () => {
  stage = await setTheStage();
});
afterAll(() => stage.close());

const SEALED = 320;
const position = fc.integer({ min: 1, max: SEALED });
const hex = (bytes: number) =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((value) => Buffer.from(value).toString("hex"));
const change = fc.oneof(
  fc.record({ column: fc.constant("data"), value: fc.jsonValue().map((value) => JSON.stringify({ value })) }),
  fc.record({ column: fc.constant("metadata"), value: fc.jsonValue().map((value) => JSON.stringify({ value })) }),
  fc.record({ column: fc.constantFrom("salt", "meta_salt"), value: hex(16).map((value) => `\\x${value}`) }),
  fc.record({ column: fc.constant("stream"), value: fc.string({ unit: "grapheme", minLength: 1 }) }),
  fc.record({ column: fc.constant("type"), value: fc.string({ unit: "grapheme", minLength: 1 }) }),
  fc.record({ column: fc.constant("version"), value: fc.integer({ min: 100, max: 1e9 }).map(String) }),
  fc.record({ column: fc.constant("schema"), value: fc.integer({ min: 2, max: 1e9 }).map(String) }),
  fc.record({ column: fc.constant("id"), value: fc.uuid({ version: 7 }) }),
  fc.record({
    column: fc.constant("recorded_at"),
    value: fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) }).map((d) => d.toISOString()),
  }),
);

const isStorable = (value: string): boolean =>
  !value.includes("\u0000") && !value.includes("\\u0000") && value.isWellFormed();

test("one row changed", async () => {
  await fc.assert(
    fc.asyncProperty(position, change, fc.boolean(), async (at, { column, value }, forward) => {
      fc.pre(isStorable(value) && Buffer.byteLength(value) < 500);
      const report = await stage.verify(async (victim) => {
        await victim.sql(`update events set ${column} = $2 where position = $1`, [at, value]);
        if (forward) await recomputeForward(victim, stage.ledger, BigInt(at));
      });
      expect(told(report)).toEqual([`altered ${at}`]);
    }),
    { numRuns: 60 },
  );
}, 120_000);

test("a run deleted, followers renumbered or not", async () => {
  await fc.assert(
    fc.asyncProperty(position, fc.nat(40), fc.boolean(), fc.boolean(), async (from, length, renumbered, forward) => {
      const to = Math.min(from + length, SEALED);
      const report = await stage.verify(async (victim) => {
        await victim.sql(`delete from events where position between ${from} and ${to}`);
        if (renumbered) await renumber(victim, stage.ledger, BigInt(to), BigInt(from - to - 1));
        if (forward) await recomputeForward(victim, stage.ledger, BigInt(from));
      });
      // When the last sealed ones are gone, and what was never sealed moved up and chained anew, it stands in their place.
      const expected =
        to === SEALED && renumbered ? [expect.any(String)] : [`deleted ${from}${to > from ? `-${to}` : ""}`];
      expect(told(report).slice(0, 1)).toEqual(expected);
      if (to < SEALED) expect(report.findings).toHaveLength(1);
    }),
    { numRuns: 40 },
  );
}, 120_000);

test("several rows changed at random are all found, and nothing else", async () => {
  const positions = fc.uniqueArray(position, { minLength: 1, maxLength: 12 });
  const parts = ["data = '{}'", "type = 'X'", "tags = '{}'", "metadata = '{}'", "recorded_at = 'epoch'"];
  await fc.assert(
    fc.asyncProperty(positions, fc.constantFrom(...parts), fc.boolean(), async (at, part, forward) => {
      const spoil = async (victim: Victim): Promise<void> => {
        await victim.sql(`update events set ${part} where position = any ($1)`, [at]);
        if (forward) await recomputeForward(victim, stage.ledger);
      };
      const report = await stage.verify(spoil);
      const seen = report.findings.flatMap(({ position: from, to }) => {
        const [first, last] = [Number(from), Number(to ?? from)];
        return Array.from({ length: last - first + 1 }, (_, i) => first + i);
      });
      expect(seen).toEqual([...at].sort((a, b) => a - b));
      expect(new Set(report.findings.map((one) => one.kind))).toEqual(new Set(["altered"]));
    }),
    { numRuns: 40 },
  );
}, 120_000);
