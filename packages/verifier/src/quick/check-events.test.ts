import { type Bytes, canonicalJson, concatBytes, type EventContent, eventHash, normaliseTags } from "@eventchain/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { EventCheck } from "./check-events.ts";
import type { CheckedEvents } from "./checked-events.ts";
import { COPY_HEADER, copyMessages, eventFields } from "./copy-messages.fixture.ts";
import { POSTGRES_EPOCH_MICROS } from "./decode-row.ts";
import { DATA, EVENT_COLUMNS, META_SALT, METADATA, RECORDED_AT } from "./row-fields.ts";

const ORIGIN = 'verify.test/"\\';
const SECRET = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
const NONE: ReadonlySet<number> = new Set();

const bytes16 = fc.uint8Array({ minLength: 16, maxLength: 16 });
const name = fc
  .oneof(fc.constantFrom("order-1", "Paid", "a:b"), fc.string({ unit: "binary", minLength: 1, maxLength: 20 }))
  .filter((one) => !one.includes("\0") && !one.startsWith("$"));
const payload = fc
  .oneof(
    fc.record(
      { amountCents: fc.integer(), note: fc.string({ unit: "grapheme" }), commandId: name },
      { requiredKeys: [] },
    ),
    fc.dictionary(name, fc.jsonValue(), { maxKeys: 5 }),
  )
  .filter((value) => !JSON.stringify(value).includes("\\u0000") && JSON.stringify(value).isWellFormed())
  .map((value) => canonicalJson(JSON.parse(JSON.stringify(value))));
const row = fc.record({
  stream: name,
  type: name,
  id: fc.uuid({ version: 7 }),
  schema: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
  tags: fc.uniqueArray(name, { maxLength: 4 }).map((tags) => normaliseTags(tags)),
  data: payload,
  salt: bytes16,
  metadata: payload,
  metaSalt: bytes16,
  version: fc.bigInt({ min: 1n, max: 2n ** 32n - 1n }),
  later: fc.bigInt({ min: 0n, max: 10n ** 12n }),
});

/** A chain of events. */
const chain = fc
  .tuple(fc.array(row, { minLength: 1, maxLength: 6 }), fc.nat(1e9), bytes16)
  .map(([rows, before, seed]) => {
    let prevHash: Bytes = concatBytes(seed, seed);
    let micros = -5_000_000n;
    return rows.map(({ later, ...one }, i): EventContent => {
      micros += later;
      const position = BigInt(before + i + 1);
      const event = { ...one, ledger: ORIGIN, position, recordedAtMicros: micros, prevHash };
      prevHash = eventHash(event).hash;
      return event;
    });
  });

function check(messages: Buffer, wanted = NONE): CheckedEvents | undefined {
  const { buffer } = new Uint8Array(messages);
  return new EventCheck(ORIGIN, SECRET).check(Buffer.from(buffer), wanted);
}

test("takes a chain of events as it is, and tells its hashes and times", () => {
  fc.assert(
    fc.property(chain, (events) => {
      const checked = check(copyMessages(events.map(eventFields)));
      expect(checked).toMatchObject({ count: events.length, first: Number(events[0]?.position), specials: [] });
      expect(checked?.hashes).toEqual(concatBytes(...events.map((event) => eventHash(event).hash)));
      expect([...(checked?.micros ?? [])]).toEqual(events.map((event) => Number(event.recordedAtMicros)));
      expect(checked?.prevHash).toEqual(events[0]?.prevHash);
    }),
    { numRuns: 300 },
  );
});

test("judges quickly what it judges plainly, and counts the same", () => {
  fc.assert(
    fc.property(chain, (events) => {
      const messages = copyMessages(events.map(eventFields));
      // A row that is asked for is decoded, and judged by the functions of `scanEvents`.
      const plain = check(messages, new Set(events.map(({ position }) => Number(position))));
      expect(plain?.specials.map(({ row: { position } }) => position)).toEqual(events.map(({ position }) => position));
      expect({ ...plain, specials: [] }).toEqual(check(messages));
    }),
    { numRuns: 300 },
  );
});

test("takes nothing in which one byte is another, but what an array's bounds begin with", () => {
  fc.assert(
    fc.property(chain, fc.nat(), fc.integer({ min: 1, max: 255 }), (events, at, difference) => {
      const messages = copyMessages(events.map(eventFields));
      const sound = check(messages);
      const spot = at % messages.length;
      messages[spot] = (messages[spot] as number) ^ difference;
      let changed: CheckedEvents | undefined;
      try {
        changed = check(messages);
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
      }
      // Neither the letter of a message, nor the type of an array's items and its lower bound, is the event's.
      if (changed !== undefined) expect(changed).toEqual(sound);
    }),
    { numRuns: 2_000 },
  );
});

const plainEvent: EventContent = {
  ledger: ORIGIN,
  stream: "order-1",
  type: "Paid",
  id: "01890000-0000-7000-8000-000000000001",
  schema: 1,
  tags: ["a"],
  data: "{}",
  salt: new Uint8Array(16),
  metadata: '{"commandId":"c-1"}',
  metaSalt: new Uint8Array(16),
  position: 1n,
  version: 1n,
  recordedAtMicros: 1_763_683_200_000_000n,
  prevHash: new Uint8Array(32),
};

test("passes over the header and the end of a COPY", () => {
  const [message] = [copyMessages([eventFields(plainEvent)])];
  const length = Buffer.alloc(4);
  length.writeInt32BE(message.length - 1 + COPY_HEADER.length);
  const first = Buffer.concat([Buffer.from("d"), length, COPY_HEADER, message.subarray(5)]);
  const end = Buffer.concat([Buffer.from("d"), Buffer.from([0, 0, 0, 6, 0xff, 0xff])]);
  expect(check(Buffer.concat([first, end]))).toMatchObject({ count: 1, first: 1 });
  // The row before it may have filled its batch.
  expect(check(end)).toMatchObject({ count: 0, specials: [] });
});

test("takes no gap, no time that goes back, no null and no format to come", () => {
  const rows = (...events: EventContent[]): Buffer => copyMessages(events.map(eventFields));
  const next = { ...plainEvent, position: 2n, prevHash: eventHash(plainEvent).hash };
  expect(check(rows(plainEvent, next))).toMatchObject({ count: 2 });
  expect(check(rows(plainEvent, { ...next, position: 3n }))).toBeUndefined();
  expect(check(rows(plainEvent, { ...next, recordedAtMicros: next.recordedAtMicros - 1n }))).toBeUndefined();
  expect(check(rows(plainEvent, { ...next, prevHash: new Uint8Array(32) }))).toBeUndefined();
  expect(check(rows({ ...plainEvent, type: "$FormatChanged" }))).toBeUndefined();
  expect(check(rows({ ...plainEvent, type: "$Unheard" }))).toBeUndefined();
  expect(check(rows({ ...plainEvent, data: '{ "a": 1 }' }))).toBeUndefined();
  for (let field = 0; field < EVENT_COLUMNS; field++) {
    // What may be gone is looked into elsewhere.
    if (field === DATA || field === METADATA) continue;
    const fields: (Uint8Array | null)[] = eventFields(plainEvent);
    fields[field] = null;
    expect(check(copyMessages([fields]))).toBeUndefined();
  }
});

test("takes no time that a double does not tell from the next", () => {
  const edge = -(2n ** 53n);
  const fields = eventFields({ ...plainEvent, recordedAtMicros: BigInt(POSTGRES_EPOCH_MICROS) + edge });
  fields[RECORDED_AT] = Buffer.alloc(8);
  for (const micros of [edge, edge - 1n, edge - 3n]) {
    (fields[RECORDED_AT] as Buffer).writeBigInt64BE(micros);
    expect(check(copyMessages([fields]))).toBeUndefined();
  }
});

test("takes an erased payload, and gives its row", () => {
  const fields: (Uint8Array | null)[] = eventFields(plainEvent);
  fields[META_SALT] = fields[METADATA] = null;
  const checked = check(copyMessages([fields]));
  expect(checked?.specials).toMatchObject([{ unnamed: true, row: { position: 1n, metadata: null, data: "{}" } }]);
});
