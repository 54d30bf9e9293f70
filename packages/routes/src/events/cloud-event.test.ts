import type { LedgerEvent } from "@eventchain/ledger";
import { CloudEvent, HTTP } from "cloudevents";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromCloudEvent } from "./from-cloud-event.ts";
import { sourceOf } from "./source-uri.ts";
import { toCloudEvent } from "./to-cloud-event.ts";

const origin = "helpdesk.example";

const opened: LedgerEvent = {
  position: 9_007_199_254_740_993n,
  stream: "ticket-42",
  version: 3n,
  id: "0192e1c4-9d4b-7c31-8a52-000000000001",
  type: "TicketOpened",
  schema: 2,
  tags: ["customer:Alder", "ticket:42"],
  recordedAtMicros: 1_763_683_200_123_456n,
  data: { ticketId: "42" },
  metadata: { actor: "ada", correlationId: "c-1", causationId: "e-0", ip: "203.0.113.7" },
  hash: "ab".repeat(32),
};

/** Any text that a name of a ledger can be: not empty, well-formed, without U+0000. */
const name = fc
  .string({ unit: "binary", minLength: 1, maxLength: 60 })
  .filter((text) => text.isWellFormed() && !text.includes("\0"));
const json = fc
  .dictionary(name, fc.jsonValue({ maxDepth: 3, stringUnit: "grapheme" }), { maxKeys: 5 })
  // As it is read from the database: by way of JSON text.
  .map((value) => JSON.parse(JSON.stringify(value)) as Record<string, unknown>);
const anyEvent: fc.Arbitrary<LedgerEvent> = fc.record({
  position: fc.bigInt({ min: 1n, max: 2n ** 63n - 1n }),
  stream: name,
  version: fc.bigInt({ min: 1n, max: 2n ** 63n - 1n }),
  id: fc.uuid({ version: 7 }),
  type: name,
  schema: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
  tags: fc.uniqueArray(name, { maxLength: 4 }),
  recordedAtMicros: fc.bigInt({ min: 0n, max: 253_402_300_799_999_999n }),
  data: fc.option(json, { freq: 5 }),
  metadata: fc.option(
    fc
      .tuple(json, fc.dictionary(fc.constantFrom("actor", "correlationId", "causationId"), name))
      .map(([one, other]) => ({
        ...one,
        ...other,
      })),
    { freq: 5 },
  ),
  hash: fc.stringMatching(/^[0-9a-f]{64}$/),
});

describe("toCloudEvent", () => {
  test("says what the event is, in CloudEvents' words", () => {
    expect(toCloudEvent(opened, { origin })).toEqual({
      specversion: "1.0",
      id: "0192e1c4-9d4b-7c31-8a52-000000000001",
      source: "urn:eventchain:helpdesk.example",
      type: "TicketOpened",
      subject: "ticket-42",
      time: "2025-11-21T00:00:00.123456Z",
      datacontenttype: "application/json",
      position: "9007199254740993",
      version: "3",
      schemaversion: 2,
      hash: "ab".repeat(32),
      tags: '["customer:Alder","ticket:42"]',
      metadata: '{"actor":"ada","causationId":"e-0","correlationId":"c-1","ip":"203.0.113.7"}',
      actor: "ada",
      correlationid: "c-1",
      causationid: "e-0",
      data: { ticketId: "42" },
    });
  });

  test("keeps the whole of any event", () => {
    fc.assert(
      fc.property(anyEvent, (event) => {
        const text = JSON.stringify(toCloudEvent(event, { origin }));
        expect(fromCloudEvent(text)).toEqual(event);
      }),
      { numRuns: 500 },
    );
  });

  test("makes what the cloudevents package reads as one event in structured mode", () => {
    fc.assert(
      fc.property(anyEvent, (event) => {
        const headers = { "content-type": "application/cloudevents+json; charset=utf-8" };
        const read = HTTP.toEvent({ headers, body: JSON.stringify(toCloudEvent(event, { origin })) });
        expect(read).toBeInstanceOf(CloudEvent);
        expect((read as CloudEvent<unknown>).validate()).toBe(true);
        expect((read as CloudEvent<unknown>).id).toBe(event.id);
      }),
    );
  });

  test("has no attribute with a character that CloudEvents keeps out, nor an empty one", () => {
    fc.assert(
      fc.property(anyEvent, (event) => {
        const { data: _data, schemaversion: _schema, ...attributes } = toCloudEvent(event, { origin });
        for (const [key, value] of Object.entries(attributes)) {
          expect(key).toMatch(/^[a-z0-9]{1,20}$/);
          expect(String(value), key).not.toMatch(/\p{Cc}|\p{Noncharacter_Code_Point}/u);
          expect(value, key).not.toBe("");
        }
      }),
    );
  });

  test("says that data or metadata were erased, which is not the same as empty", () => {
    const made = toCloudEvent({ ...opened, data: null, metadata: null }, { origin });
    expect(made).toMatchObject({ dataerased: true, metadataerased: true });
    expect(Object.keys(made)).not.toEqual(expect.arrayContaining(["data"]));
    expect(made.datacontenttype).toBeUndefined();
  });

  test("leaves out all that metadata says where it is asked to", () => {
    const text = JSON.stringify(toCloudEvent(opened, { origin, withoutMetadata: true }));
    for (const secret of ["ada", "203.0.113.7", "c-1", "e-0", "erased"]) expect(text).not.toContain(secret);
  });

  test("names the schema of an event's data where it is told one", () => {
    const dataSchema = (type: string, version: number): string => `https://schemas.example/${type}/${version}`;
    expect(toCloudEvent(opened, { origin, dataSchema }).dataschema).toBe("https://schemas.example/TicketOpened/2");
  });

  test("refuses a source that is no URI", () => {
    expect(() => toCloudEvent(opened, { origin, source: "not a uri" })).toThrow(
      expect.objectContaining({ code: "invalid-event" }),
    );
  });
});

describe("sourceOf", () => {
  test("encodes what a URN cannot hold, so that no two origins have one source", () => {
    expect(sourceOf("localhost/main")).toBe("urn:eventchain:localhost/main");
    expect(sourceOf('a"b?c#d%20')).toBe("urn:eventchain:a%22b%3Fc%23d%2520");
  });
});

describe("fromCloudEvent", () => {
  const good = { ...toCloudEvent(opened, { origin }) };

  test.each<[string, unknown, RegExp]>([
    ["text that is no JSON", "{", /no JSON text/],
    ["a list", [], /no JSON object/],
    ["an event without an id", { ...good, id: "" }, /id is no text/],
    ["another version of CloudEvents", { ...good, specversion: "0.3" }, /specversion|refuses/],
    ["a position that is no number", { ...good, position: "-1" }, /position/],
    ["a schema version that is no integer", { ...good, schemaversion: "2" }, /schemaversion/],
    ["tags that are no list", { ...good, tags: "{}" }, /tags/],
    ["data that is no object", { ...good, data: "text" }, /data/],
    ["metadata that is no object", { ...good, metadata: "[]" }, /metadata/],
    ["a name that is said to be encoded and is not", { ...good, subject: "%zz", encoded: "subject" }, /subject/],
  ])("refuses %s", (_what, value, message) => {
    expect(() => fromCloudEvent(value)).toThrow(expect.objectContaining({ code: "invalid-event" }));
    expect(() => fromCloudEvent(value)).toThrow(message);
  });
});
