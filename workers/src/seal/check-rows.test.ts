import { type Bytes, concatBytes, eventHash } from "@eventchain/core";
import type { StoredEvent } from "@eventchain/store";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkEvent, type Predecessor } from "./check-event.ts";
import { openRowCheck } from "./check-rows.ts";
import { encodeRows } from "./encode-rows.fixture.ts";

const GENESIS: Predecessor = { position: 0n, hash: new Uint8Array(32).fill(7), recordedAtMicros: -(2n ** 63n) };
const origins = fc.constantFrom("helpdesk.example", 'odd"\\origin', "größe.example");
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const name = fc.oneof(
  fc.string({ maxLength: 12, unit: "grapheme" }),
  fc.constantFrom('"', "\\", "\\ud800", "\u0001", "\u007f", "\u2028", "\ufeffmark", "𝄞", "x".repeat(3_000)),
);
const draft = fc.record({
  stream: name,
  type: name,
  tags: fc.oneof(
    { weight: 20, arbitrary: fc.array(name, { maxLength: 4 }) },
    fc.constant(Array(9).fill("t".repeat(2_000))),
  ),
  id: fc.uuid(),
  schema: fc.oneof(fc.integer({ min: 1, max: 120 }), fc.integer({ min: 1, max: 2 ** 31 - 1 })),
  version: fc.bigInt({ min: 1n, max: 2n ** 63n - 1n }),
  pauseMicros: fc.bigInt({ min: 0n, max: 10n ** 12n }),
  data: fc.constantFrom("{}", '{"a":"é"}', `{"b":"${"y".repeat(300)}"}`),
  metadata: fc.constantFrom("{}", '{"actor":"ann"}'),
  salt: bytes(16),
  metaSalt: bytes(16),
  erased: fc.constantFrom("nothing", "nothing", "data", "metadata"),
});

function chain(
  origin: string,
  drafts: readonly (typeof draft extends fc.Arbitrary<infer T> ? T : never)[],
): StoredEvent[] {
  let [prevHash, recordedAtMicros] = [GENESIS.hash, 1_700_000_000_000_000n];
  return drafts.map(({ pauseMicros, erased, ...event }, index) => {
    recordedAtMicros += pauseMicros;
    const content = { ...event, ledger: origin, position: BigInt(index + 1), recordedAtMicros, prevHash };
    const { dataHash, metaHash, contentHash, hash } = eventHash(content);
    const { ledger: _, ...stored } = content;
    prevHash = hash;
    return {
      ...{ ...stored, dataHash, metaHash, contentHash, hash },
      ...(erased === "data" ? { data: null, salt: null } : {}),
      ...(erased === "metadata" ? { metadata: null, metaSalt: null } : {}),
    };
  });
}

/** What somebody with the database could do to one event. */
const changes: readonly ((event: StoredEvent, at: number) => object)[] = [
  (event) => ({ position: event.position + 1n }),
  (event) => ({ version: event.version - 1n }),
  (event) => ({ version: event.version - 2n ** 63n }),
  (event) => ({ recordedAtMicros: event.recordedAtMicros + 1n }),
  (event) => ({ recordedAtMicros: event.recordedAtMicros - 10n ** 15n }),
  () => ({ recordedAtMicros: 2n ** 63n - 1n }),
  (event) => ({ schema: event.schema - 1 }),
  () => ({ schema: -1 }),
  (event) => ({ stream: `${event.stream}x` }),
  (event) => ({ type: [...event.type].slice(1).join("") }),
  (event) => ({ tags: [...event.tags, "x"] }),
  (event) => ({ tags: [...event.tags, null] }),
  () => ({ tags: [] }),
  (event) => ({ id: event.id.replace(/^./, (digit) => (digit === "0" ? "1" : "0")) }),
  () => ({ data: '{"a":2}' }),
  () => ({ data: null }),
  () => ({ salt: null }),
  (event) => ({ salt: event.salt?.slice(1) ?? new Uint8Array(16) }),
  () => ({ metadata: "{} " }),
  () => ({ metaSalt: new Uint8Array(17) }),
  ...(["dataHash", "metaHash", "contentHash", "prevHash", "hash"] as const).flatMap((hash) => [
    (event: StoredEvent, at: number) => ({ [hash]: event[hash].with(at % 32, (event[hash][at % 32] as number) ^ 1) }),
    (event: StoredEvent) => ({ [hash]: event[hash].slice(1) }),
    () => ({ [hash]: new Uint8Array(0) }),
  ]),
];

/** Event by event, as it is said in the format. */
function plainly(
  events: readonly StoredEvent[],
  origin: string,
): { hashes: Bytes; refusedAt: number; difference?: string } {
  let predecessor = GENESIS;
  for (const [index, event] of events.entries()) {
    const difference = checkEvent(event, predecessor, origin);
    const hashes = (): Bytes => concatBytes(...events.slice(0, index).map(({ hash }) => hash));
    if (difference !== undefined) return { hashes: hashes(), refusedAt: index, difference };
    predecessor = event;
  }
  return { hashes: concatBytes(...events.map(({ hash }) => hash)), refusedAt: -1 };
}

describe("a page of events checked as bytes", () => {
  const pages = fc.tuple(origins, fc.array(draft, { minLength: 1, maxLength: 6 }));

  test("is judged as event by event: what was appended passes", () => {
    fc.assert(
      fc.property(pages, ([origin, drafts]) => {
        const events = chain(origin, drafts);
        const { hashes, refused } = openRowCheck(origin)(encodeRows(events), GENESIS);
        expect(refused).toBeUndefined();
        expect(hashes).toEqual(plainly(events, origin).hashes);
      }),
      { numRuns: 200 },
    );
  });

  test("is judged as event by event: what was changed is refused at its place, in the same words", () => {
    const change = fc.constantFrom(...changes);
    fc.assert(
      fc.property(pages, fc.nat(), change, fc.nat({ max: 31 }), ([origin, drafts], which, apply, at) => {
        const genuine = chain(origin, drafts);
        const index = which % genuine.length;
        const event = genuine[index] as StoredEvent;
        const events = genuine.with(index, { ...event, ...apply(event, at) });
        const expected = plainly(events, origin);
        const { hashes, refused } = openRowCheck(origin)(encodeRows(events), GENESIS);
        expect(refused?.difference).toBe(expected.difference);
        expect(hashes).toEqual(expected.hashes);
        if (refused !== undefined) expect(refused.event).toEqual(events[expected.refusedAt]);
      }),
      { numRuns: 1_000 },
    );
  });

  test("is refused where an event is missing, or stands there twice", () => {
    fc.assert(
      fc.property(fc.array(draft, { minLength: 3, maxLength: 6 }), fc.nat(), fc.boolean(), (drafts, which, twice) => {
        const genuine = chain("x", drafts);
        const index = which % (genuine.length - 1);
        const event = genuine[index] as StoredEvent;
        const events = genuine.toSpliced(index, 1, ...(twice ? [event, event] : []));
        const { refused } = openRowCheck("x")(encodeRows(events), GENESIS);
        expect(refused?.difference).toBe(plainly(events, "x").difference);
        expect(refused?.difference).toMatch(/^position \d+ is missing$/);
      }),
      { numRuns: 100 },
    );
  });

  test("goes on from the page before", () => {
    const events = chain("x", fc.sample(draft, { numRuns: 5, seed: 4 }));
    const check = openRowCheck("x");
    const first = check(encodeRows(events.slice(0, 2)), GENESIS);
    const second = check(encodeRows(events.slice(2)), events[1] as StoredEvent);
    expect(concatBytes(first.hashes, second.hashes)).toEqual(plainly(events, "x").hashes);
    expect(check(encodeRows(events.slice(3)), events[1] as StoredEvent).refused?.difference).toBe(
      "position 3 is missing",
    );
  });
});
