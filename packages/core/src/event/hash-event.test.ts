import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bytesToHex, concatBytes } from "../encode-bytes.ts";
import { i64, u64 } from "../integers.ts";
import {
  chainHash,
  chainHashes,
  contentHash,
  dataHash,
  type EventContent,
  eventHash,
  eventHeader,
  metaHash,
  stateHash,
} from "./hash-event.ts";

const event: EventContent = {
  ledger: "localhost/test",
  stream: "ticket-1",
  id: "019a9f00-0000-7000-8000-000000000001",
  type: "Opened",
  schema: 1,
  tags: ["a", "b"],
  data: '{"a":1}',
  salt: new Uint8Array(16).fill(1),
  metadata: "{}",
  metaSalt: new Uint8Array(16).fill(2),
  position: 3n,
  version: 2n,
  recordedAtMicros: 5n,
  prevHash: new Uint8Array(32).fill(9),
};
const invalid = expect.objectContaining({ code: "invalid-argument" });

test("each hash is SHA-256 over the bytes that the format names", () => {
  const H = (...parts: (Uint8Array | string)[]) =>
    parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest("hex");
  const hashes = eventHash(event);
  const data = H(Uint8Array.of(0x44), event.salt, event.data);
  const meta = H(Uint8Array.of(0x4d), event.metaSalt, event.metadata);
  const header = `{"data":"${data}","id":"${event.id}","ledger":"localhost/test","meta":"${meta}","schema":1,"stream":"ticket-1","tags":["a","b"],"type":"Opened"}`;
  const content = H(header);
  const numbers = Buffer.from("000000000000000300000000000000020000000000000005", "hex");
  expect(bytesToHex(hashes.dataHash)).toBe(data);
  expect(bytesToHex(hashes.metaHash)).toBe(meta);
  expect(hashes.header).toBe(header);
  expect(bytesToHex(hashes.contentHash)).toBe(content);
  expect(bytesToHex(hashes.hash)).toBe(H(Uint8Array.of(0x45), event.prevHash, numbers, Buffer.from(content, "hex")));
  expect(bytesToHex(stateHash(new Uint8Array(32), "{}"))).toBe(H(Uint8Array.of(0x53), new Uint8Array(32), "{}"));
});

test("every part of an event changes its hash", () => {
  const changes: Partial<EventContent>[] = [
    { ledger: "localhost/other" },
    { stream: "ticket-2" },
    { id: "019a9f00-0000-7000-8000-000000000002" },
    { type: "Closed" },
    { schema: 2 },
    { tags: ["a"] },
    { data: '{"a":2}' },
    { salt: new Uint8Array(16) },
    { metadata: '{"a":1}' },
    { metaSalt: new Uint8Array(16) },
    { position: 4n },
    { version: 3n },
    { recordedAtMicros: 6n },
    { prevHash: new Uint8Array(32) },
  ];
  expect(changes).toHaveLength(Object.keys(event).length);
  const hashes = [event, ...changes.map((change) => ({ ...event, ...change }))].map((one) =>
    bytesToHex(eventHash(one).hash),
  );
  expect(new Set(hashes).size).toBe(hashes.length);
});

test("results are the caller's own: later hashes do not change them", () => {
  const first = eventHash(event);
  const kept = bytesToHex(first.hash);
  eventHash({ ...event, position: 100n });
  expect(bytesToHex(first.hash)).toBe(kept);
});

test("a time before 1970 is two's complement", () => {
  expect(() => eventHash({ ...event, recordedAtMicros: -1n })).not.toThrow();
});

test("many events' hashes at once are the same as one by one", () => {
  const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });
  const integer = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n });
  const recordedAtMicros = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
  const link = fc.record({ prevHash: hash, position: integer, version: integer, recordedAtMicros, contentHash: hash });
  fc.assert(
    fc.property(fc.array(link, { maxLength: 20 }), (links) => {
      const bytes = links.map(({ prevHash, position, version, recordedAtMicros, contentHash }) =>
        concatBytes(prevHash, u64(position), u64(version), i64(recordedAtMicros), contentHash),
      );
      expect(chainHashes(concatBytes(...bytes))).toEqual(concatBytes(...links.map(chainHash)));
    }),
  );
  expect(() => chainHashes(new Uint8Array(87))).toThrow(invalid);
});

describe("refused are", () => {
  test.each<[string, () => unknown]>([
    ["a data salt that is not 16 bytes", () => dataHash(new Uint8Array(15), "{}")],
    ["a metadata salt that is not 16 bytes", () => metaHash(new Uint8Array(32), "{}")],
    ["a state salt that is not 32 bytes", () => stateHash(new Uint8Array(16), "{}")],
    ["a text with half a character", () => dataHash(event.salt, '{"a":"\ud800"}')],
    ["a header with half a character", () => contentHash("\ud800")],
    ["a name with half a character", () => eventHash({ ...event, stream: "\ud800" })],
    ["a tag with half a character", () => eventHash({ ...event, tags: ["\udc00"] })],
    ["schema 0", () => eventHash({ ...event, schema: 0 })],
    ["schema 2^31", () => eventHash({ ...event, schema: 2 ** 31 })],
    ["a schema with a fraction", () => eventHash({ ...event, schema: 1.5 })],
    ["a short previous hash", () => eventHash({ ...event, prevHash: new Uint8Array(31) })],
    ["a short content hash", () => chainHash({ ...event, contentHash: new Uint8Array(31) })],
    ["a short data hash", () => eventHeader({ ...event, data: new Uint8Array(31), meta: new Uint8Array(32) })],
    ["a negative position", () => eventHash({ ...event, position: -1n })],
    ["a version of 2^63", () => eventHash({ ...event, version: 2n ** 63n })],
    ["a position that is no bigint", () => eventHash({ ...event, position: 1 as unknown as bigint })],
  ])("%s", (_, hash) => {
    expect(hash).toThrow(invalid);
  });

  test("but not a name that only looks like an escaped half", () => {
    expect(eventHash({ ...event, stream: "C:\\udp\\ud800" }).header).toContain('"stream":"C:\\\\udp\\\\ud800"');
  });
});
