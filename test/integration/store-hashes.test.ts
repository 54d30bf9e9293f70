import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { bytesToHex, canonicalJson, eventHash, hexToBytes } from "@eventchain/core";
import { type AppendRequest, openPostgresStore, type PostgresStore } from "@eventchain/store";
import { createTestLedger, newEvent, type TestLedger } from "@eventchain/store/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

interface VectorEvent {
  stream: string;
  id: string;
  type: string;
  schema: number;
  tags: string[];
  data: string;
  salt: string;
  metadata: string;
  metaSalt: string;
  dataHash: string;
  metaHash: string;
  contentHash: string;
  prevHash: string;
}
const vectors: { origin: string; genesis: string; events: VectorEvent[] } = JSON.parse(
  readFileSync(new URL("../vectors/format-v1.json", import.meta.url), "utf8"),
);

let database: TestDatabase;
let store: PostgresStore;
beforeAll(async () => {
  database = await createTestDatabase();
  store = openPostgresStore({ pool: database.pool });
});
afterAll(() => database.drop());

function hash(...parts: (string | Uint8Array)[]): string {
  const digest = createHash("sha256");
  for (const part of parts) digest.update(part);
  return digest.digest("hex");
}

function int64(value: bigint): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return bytes;
}

describe("the hashes that Postgres computes", () => {
  test("are the known answers of the format", async () => {
    const vkey = JSON.parse(vectors.genesis).vkey;
    const ledger = await store.createLedger({ origin: vectors.origin, genesis: vectors.genesis, vkey });
    // A `$` stream is the ledger's own: the plain append refuses it.
    const usual = vectors.events.filter(({ stream }) => !stream.startsWith("$"));
    expect(usual.length).toBeGreaterThanOrEqual(3);
    const requests = usual.map((event): AppendRequest => {
      const events = [{ ...event, salt: hexToBytes(event.salt), metaSalt: hexToBytes(event.metaSalt) }];
      const { commandId } = JSON.parse(event.metadata);
      const command = { id: commandId, requestHash: new Uint8Array(32) };
      return commandId === undefined ? { events, expected: [] } : { events, expected: [], command };
    });
    const outcomes = await store.append(ledger.ledgerId, requests);
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(usual.map(() => "recorded"));
    let index = 0;
    let prevHash = usual[0]?.prevHash ?? "";
    for await (const event of store.readAll(ledger.ledgerId)) {
      const known = usual[index++];
      expect(bytesToHex(event.dataHash)).toBe(known?.dataHash);
      expect(bytesToHex(event.metaHash)).toBe(known?.metaHash);
      expect(bytesToHex(event.contentHash)).toBe(known?.contentHash);
      expect(bytesToHex(event.prevHash)).toBe(prevHash);
      // By node:crypto alone: neither core nor Postgres is asked what the chain is.
      const numbers = [int64(event.position), int64(event.version), int64(event.recordedAtMicros)];
      prevHash = hash("\x45", event.prevHash, ...numbers, event.contentHash);
      expect(bytesToHex(event.hash)).toBe(prevHash);
    }
    expect(index).toBe(usual.length);
  });

  test("escape every character of a name as RFC 8785 does", async () => {
    const ledger: TestLedger = await createTestLedger(store);
    const codes = [
      ...Array.from({ length: 0x2ff }, (_, code) => code + 1),
      0x2027,
      0x2028,
      0x2029,
      0x202a,
      0xd7ff,
      0xe000,
    ];
    const more = [0xfeff, 0xfffd, 0xfffe, 0xffff, 0x10000, 0x1f600, 0x10ffff];
    const names = [...codes, ...more].map((code) => `-${String.fromCodePoint(code)}`);
    const events = names.map((name) => newEvent({ stream: name, type: name, tags: [name] }));
    await store.append(ledger.ledgerId, [{ events, expected: [] }]);
    let index = 0;
    for await (const event of store.readAll(ledger.ledgerId)) {
      const given = events[index++];
      if (given === undefined) throw new Error("more events than were appended");
      const header = canonicalJson({
        data: bytesToHex(event.dataHash),
        id: given.id,
        ledger: ledger.origin,
        meta: bytesToHex(event.metaHash),
        schema: given.schema,
        stream: given.stream,
        tags: [...given.tags],
        type: given.type,
      });
      expect(bytesToHex(event.contentHash), JSON.stringify(given.stream)).toBe(hash(header));
      expect(bytesToHex(event.contentHash)).toBe(
        bytesToHex(eventHash({ ...event, ...given, ledger: ledger.origin }).contentHash),
      );
    }
    expect(index).toBe(names.length);
  });

  test("escape the quotes and backslashes that an origin may have", async () => {
    const origin = 'host.example/a"b\\c';
    const { rows } = await database.pool.query(
      `with l as (insert into eventchain.ledgers (origin, genesis, genesis_hash) values ($1, '{}', sha256('g')) returning ledger_id)
       insert into eventchain.watermarks (ledger_id) select ledger_id from l returning ledger_id::text as id`,
      [origin],
    );
    const ledgerId = BigInt(rows[0].id);
    const given = newEvent();
    await store.append(ledgerId, [{ events: [given], expected: [] }]);
    const event = await store.findEvent(ledgerId, { position: 1n });
    if (event === undefined) throw new Error("the event is not there");
    const known = eventHash({ ...event, ...given, ledger: origin });
    expect(bytesToHex(event.hash)).toBe(bytesToHex(known.hash));
  });
});

describe("recorded times", () => {
  test("never fall, even when the clock does", async () => {
    const ledger = await createTestLedger(store);
    await store.append(ledger.ledgerId, [{ events: [newEvent()], expected: [] }]);
    // What a clock that was an hour ahead has left behind. The guards are off for this statement only.
    const client = await database.pool.connect();
    try {
      await client.query("set session_replication_role = replica");
      await client.query(
        "update eventchain.events set recorded_at = recorded_at + interval '1 hour' where ledger_id = $1",
        [ledger.ledgerId],
      );
    } finally {
      client.release(true);
    }
    const first = await store.findEvent(ledger.ledgerId, { position: 1n });
    const [outcome] = await store.append(ledger.ledgerId, [{ events: [newEvent()], expected: [] }]);
    expect(outcome).toMatchObject({ outcome: "recorded", events: [{ recordedAtMicros: first?.recordedAtMicros }] });
  });

  test("are read to the microsecond", async () => {
    const ledger = await createTestLedger(store);
    await store.append(ledger.ledgerId, [{ events: [newEvent()], expected: [] }]);
    const event = await store.findEvent(ledger.ledgerId, { position: 1n });
    const { rows } = await database.pool.query(
      "select to_char(recorded_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') as text from eventchain.events where ledger_id = $1",
      [ledger.ledgerId],
    );
    const [seconds, micros] = rows[0].text.split(".");
    const expected = BigInt(Date.parse(`${seconds}Z`)) * 1000n + BigInt(micros);
    expect(event?.recordedAtMicros).toBe(expected);
  });
});
