import { canonicalJson, randomBytes, sha256, utf8 } from "@eventchain/core";
import {
  type EventStore,
  type HandlerStore,
  type NewSnapshot,
  openMemoryStore,
  openPostgresHandlers,
  openPostgresSnapshots,
  openPostgresStore,
  type SnapshotStore,
  type StoredEvent,
} from "@eventchain/store";
import { checkChain, createTestLedger, newEvent, type TestLedger } from "@eventchain/store/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

/** Postgres and memory alike: what the ledger records about itself. */
interface Stores {
  store: EventStore;
  snapshots: SnapshotStore;
  handlers: HandlerStore;
  close(): Promise<void>;
}

async function postgres(): Promise<Stores> {
  const database: TestDatabase = await createTestDatabase();
  return {
    store: openPostgresStore({ pool: database.pool }),
    snapshots: openPostgresSnapshots(database.pool),
    handlers: openPostgresHandlers(database.pool),
    close: () => database.drop(),
  };
}

async function memory(): Promise<Stores> {
  const store = openMemoryStore();
  return { store, snapshots: store.snapshots, handlers: store.handlers, close: async () => undefined };
}

const ownEvent = (parts: object = {}) => {
  const { id, salt, metaSalt } = newEvent();
  return { id, salt, metaSalt, metadata: '{"actor":"ada"}', ...parts };
};

function snapshot(parts: Partial<NewSnapshot> = {}): NewSnapshot {
  return {
    branch: "ticket/ticket-1",
    of: "ticket-1",
    position: 2n,
    version: 2n,
    schema: 1,
    state: '{"status":"open"}',
    salt: randomBytes(32),
    event: ownEvent(),
    ...parts,
  };
}

describe.each([
  ["Postgres", postgres],
  ["memory", memory],
])("on %s", (_, open) => {
  let stores: Stores;
  let ledger: TestLedger;
  beforeAll(async () => {
    stores = await open();
  });
  beforeEach(async () => {
    ledger = await createTestLedger(stores.store);
    await stores.store.append(ledger.ledgerId, [{ events: [newEvent(), newEvent()], expected: [] }]);
  });
  afterAll(() => stores?.close());

  const take = (parts: Partial<NewSnapshot> = {}) => stores.snapshots.take(ledger.ledgerId, snapshot(parts));
  const switchHandler = (handler: string, enabled: boolean, by = "ada", event = ownEvent()) =>
    stores.handlers.switch(ledger.ledgerId, { handler, enabled, by, event });

  async function stream(name: string): Promise<StoredEvent[]> {
    const events: StoredEvent[] = [];
    for await (const event of stores.store.readStream(ledger.ledgerId, name)) events.push(event);
    return events;
  }

  describe("a snapshot", () => {
    test("is an event of its branch's stream, whose data is the format's, and a row", async () => {
      const salt = randomBytes(32);
      const state = canonicalJson({ title: 'a "b" é\u2028', n: 1 });
      const outcome = await take({ salt, state });
      const stateHash = sha256(Uint8Array.of(0x53), salt, utf8(state));
      expect(outcome).toMatchObject({ outcome: "taken", eventPosition: 3n, stateHash });
      const [event] = await stream("$snapshot/ticket/ticket-1");
      expect(event).toMatchObject({ position: 3n, version: 1n, type: "$SnapshotTaken", schema: 1, tags: [] });
      expect(event?.data).toBe(
        canonicalJson({
          branch: "ticket/ticket-1",
          of: "ticket-1",
          position: "2",
          schema: 1,
          stateHash: Buffer.from(stateHash).toString("hex"),
          version: "2",
        }),
      );
      expect(await stores.snapshots.list(ledger.ledgerId, { limit: 10 })).toEqual([
        {
          ...{ branch: "ticket/ticket-1", of: "ticket-1", position: 2n, version: 2n, schema: 1, state, salt },
          ...{ eventPosition: 3n, takenAtMicros: outcome.takenAtMicros, event },
        },
      ]);
      await checkChain(stores.store, ledger);
    });

    test("of no stream says no version", async () => {
      const branch = 'odd "branch" \u0001\u007f🖨';
      await take({ branch, of: branch, version: undefined });
      const [event] = await stream(`$snapshot/${branch}`);
      expect(Object.keys(JSON.parse(event?.data ?? ""))).toEqual(["branch", "of", "position", "schema", "stateHash"]);
      expect(event?.data).toBe(canonicalJson(JSON.parse(event?.data ?? "")));
      await checkChain(stores.store, ledger);
    });

    test("that the branch has at this position and schema already is the one it has", async () => {
      const first = await take();
      expect(await take({ state: '{"status":"closed"}' })).toEqual({ ...first, outcome: "known" });
      expect(await take({ schema: 2 })).toMatchObject({ outcome: "taken", eventPosition: 4n });
      expect(await stream("$snapshot/ticket/ticket-1")).toHaveLength(2);
    });

    test("raced for by five is one event", async () => {
      const outcomes = await Promise.all([1, 2, 3, 4, 5].map((n) => take({ state: `{"n":${n}}` })));
      expect(outcomes.map(({ outcome }) => outcome).sort()).toEqual(["known", "known", "known", "known", "taken"]);
      expect(new Set(outcomes.map(({ stateHash }) => Buffer.from(stateHash).toString("hex"))).size).toBe(1);
      expect(await stream("$snapshot/ticket/ticket-1")).toHaveLength(1);
    });

    test("taken while others append stands between their events, in one chain", async () => {
      const append = () => stores.store.append(ledger.ledgerId, [{ events: [newEvent()], expected: [] }]);
      const racers = Array.from({ length: 8 }, (_, n) => [
        append(),
        take({ branch: `b-${n}` }),
        switchHandler(`h-${n}`, false),
      ]);
      await Promise.all(racers.flat());
      expect((await stores.store.head(ledger.ledgerId)).position).toBe(26n);
      await checkChain(stores.store, ledger);
    });

    test.each([
      ["an empty branch", { branch: "" }, "invalid-name"],
      ["a branch too long for its stream", { branch: "é".repeat(251) }, "invalid-name"],
      ["a name too long", { of: "x".repeat(513), version: undefined }, "invalid-name"],
      ["a version that the stream has not there", { version: 1n }, "invalid-argument"],
      ["another stream's version", { of: "ticket-2" }, "invalid-argument"],
      ["a position past the head", { position: 3n, version: undefined }, "invalid-argument"],
      ["position 0", { position: 0n, version: undefined }, "invalid-argument"],
      ["a salt of 16 bytes", { salt: randomBytes(16) }, "invalid-argument"],
      ["a state that is no JSON", { state: '1,"x":2' }, "invalid-json"],
      ["a state with a key twice", { state: '{"a":1,"a":2}' }, "invalid-json"],
      [
        "an id that is no UUIDv7",
        { event: ownEvent({ id: "00000000-0000-4000-8000-000000000000" }) },
        "invalid-argument",
      ],
      ["metadata of the ledger's", { event: ownEvent({ metadata: '{"$x":1}' }) }, "invalid-name"],
      ["metadata of a command", { event: ownEvent({ metadata: '{"commandId":"c"}' }) }, "invalid-argument"],
      ["metadata that is no object", { event: ownEvent({ metadata: "[]" }) }, "invalid-json"],
    ])("with %s is refused, and nothing is written", async (_, parts: Partial<NewSnapshot>, code) => {
      await expect(take(parts)).rejects.toMatchObject({ code });
      expect((await stores.store.head(ledger.ledgerId)).position).toBe(2n);
      expect(await stores.snapshots.list(ledger.ledgerId, { limit: 1 })).toEqual([]);
    });

    test("of a ledger that is none is refused", async () => {
      await expect(stores.snapshots.take(999n, snapshot())).rejects.toMatchObject({ code: "ledger-not-found" });
    });

    test("is found by branch and schema, the newest that is not past the bounds", async () => {
      await take({ position: 1n, version: 1n });
      await take();
      const found = await stores.snapshots.find(ledger.ledgerId, [
        { branch: "ticket/ticket-1", schema: 1 },
        { branch: "ticket/ticket-1", schema: 1, upToPosition: 1n },
        { branch: "ticket/ticket-1", schema: 1, upToVersion: 1n },
        { branch: "ticket/ticket-1", schema: 2 },
        { branch: "ticket", schema: 1 },
        { branch: "ticket/ticket-1", schema: 1, upToPosition: 0n },
      ]);
      expect(found.map((one) => one?.position)).toEqual([2n, 1n, 1n, undefined, undefined, undefined]);
      expect(found[0]?.event?.position).toBe(4n);
    });

    test("is listed by branch and position, page by page", async () => {
      await take({ branch: "b" });
      await take({ branch: "a" });
      await take({ branch: "a", position: 1n, version: 1n });
      const [one, ...rest] = await stores.snapshots.list(ledger.ledgerId, { limit: 2 });
      expect([one, ...rest].map((row) => [row?.branch, row?.position])).toEqual([
        ["a", 1n],
        ["a", 2n],
      ]);
      const after = rest[0] ?? expect.unreachable();
      const next = await stores.snapshots.list(ledger.ledgerId, { limit: 2, after });
      expect(next.map(({ branch }) => branch)).toEqual(["b"]);
      expect(await stores.snapshots.list(ledger.ledgerId, { limit: 9, branch: "a" })).toHaveLength(2);
    });
  });

  describe("a handler", () => {
    test("that was never switched is on", async () => {
      expect(await switchHandler("mail", true)).toEqual({ outcome: "unchanged", enabled: true, last: undefined });
      expect(await stores.handlers.list(ledger.ledgerId)).toEqual([]);
    });

    test("is switched by an event in $handlers, and its row says how", async () => {
      const off = await switchHandler('ma"il', false);
      expect(off).toMatchObject({ outcome: "switched", enabled: false, last: { by: "ada", position: 3n } });
      const on = await switchHandler('ma"il', true, "bob");
      const last = { handler: 'ma"il', enabled: true, by: "bob", position: 4n, atMicros: on.last?.atMicros };
      expect(on).toEqual({ outcome: "switched", enabled: true, last });
      expect(await stores.handlers.list(ledger.ledgerId)).toEqual([last]);
      const events = await stream("$handlers");
      expect(events.map(({ type, data }) => [type, data])).toEqual([
        ["$HandlerSwitched", canonicalJson({ by: "ada", enabled: false, handler: 'ma"il' })],
        ["$HandlerSwitched", canonicalJson({ by: "bob", enabled: true, handler: 'ma"il' })],
      ]);
      await checkChain(stores.store, ledger);
    });

    test("switched to what it is stays as it was switched", async () => {
      const first = await switchHandler("mail", false);
      expect(await switchHandler("mail", false, "bob")).toEqual({ ...first, outcome: "unchanged" });
      expect(await stream("$handlers")).toHaveLength(1);
    });

    test("switched off by five at once is switched by one", async () => {
      const outcomes = await Promise.all(["a", "b", "c", "d", "e"].map((by) => switchHandler("mail", false, by)));
      expect(outcomes.filter(({ outcome }) => outcome === "switched")).toHaveLength(1);
      expect(new Set(outcomes.map(({ last }) => last?.by)).size).toBe(1);
      expect(await stream("$handlers")).toHaveLength(1);
    });

    test.each([
      ["without a name", "", "ada", "invalid-name"],
      ["by nobody", "mail", "", "invalid-argument"],
    ])("%s is refused", async (_, handler, by, code) => {
      await expect(switchHandler(handler, false, by)).rejects.toMatchObject({ code });
      expect((await stores.store.head(ledger.ledgerId)).position).toBe(2n);
    });
  });
});
