import {
  type CheckpointStore,
  type EventStore,
  openMemoryCheckpoints,
  openMemoryStore,
  openPostgresCheckpoints,
  openPostgresStore,
  type StoredCursor,
} from "@eventchain/store";
import { createTestLedger, newEvent, type TestLedger } from "@eventchain/store/testing";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

let database: TestDatabase;
let stores: { store: EventStore; checkpoints: CheckpointStore; ledger: TestLedger; cursors: StoredCursor[] }[];

beforeAll(async () => {
  database = await createTestDatabase();
  const memory = openMemoryStore();
  const kinds = [
    { store: openPostgresStore({ pool: database.pool }), checkpoints: openPostgresCheckpoints(database.pool) },
    { store: memory, checkpoints: openMemoryCheckpoints(memory) },
  ];
  stores = await Promise.all(
    kinds.map(async (kind) => {
      const ledger = await createTestLedger(kind.store);
      const [outcome] = await kind.store.append(ledger.ledgerId, [
        { events: Array.from({ length: 4 }, () => newEvent()), expected: [] },
      ]);
      if (outcome?.outcome !== "recorded") throw new Error("it is recorded");
      const cursors = outcome.events.map(({ position, hash }) => ({ position, hash }));
      return { ...kind, ledger, cursors };
    }),
  );
});
afterAll(() => database?.drop());

/** Positions stand for cursors; a `to` of 5 is no event. */
const moves = fc.array(
  fc.record({
    from: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
    to: fc.integer({ min: 1, max: 5 }),
    reader: fc.integer({ min: 1, max: 2 }),
  }),
  { maxLength: 12 },
);
type Move = { from: number | undefined; to: number; reader: number };

/** What a checkpoint is, in few words. */
function play(list: readonly Move[]): { outcomes: string[]; at: number | undefined } {
  let now: { at: number; reader: number } | undefined;
  const outcomes = list.map(({ from, to, reader }) => {
    if (to === 5) return "forked";
    const isOwn = now?.reader === reader;
    if (isOwn && now?.at === to) return "moved";
    if (now === undefined ? from !== undefined : !(isOwn || now.at === from) || now.at >= to) return "conflict";
    now = { at: to, reader };
    return "moved";
  });
  return { outcomes, at: now?.at };
}

test("on both stores a checkpoint moves forward only, and only from where its reader knows it to stand", async () => {
  let names = 0;
  await fc.assert(
    fc.asyncProperty(moves, async (list) => {
      const expected = play(list);
      const name = `checkpoint ${++names}`;
      for (const { checkpoints, ledger, cursors } of stores) {
        const cursorAt = (at: number): StoredCursor => cursors[at - 1] ?? { position: 5n, hash: new Uint8Array(32) };
        const outcomes: string[] = [];
        for (const { from, to, reader } of list)
          outcomes.push(
            await checkpoints.move(ledger.ledgerId, name, {
              from: from === undefined ? undefined : cursorAt(from),
              to: cursorAt(to),
              reader: new Uint8Array(16).fill(reader),
            }),
          );
        expect(outcomes).toEqual(expected.outcomes);
        const found = await checkpoints.find(ledger.ledgerId, name);
        expect(found).toEqual(expected.at === undefined ? undefined : cursorAt(expected.at));
      }
    }),
    { numRuns: 100 },
  );
});

test("a hash that is another event's is forked, and known positions with another hash are a conflict", async () => {
  for (const { checkpoints, ledger, cursors } of stores) {
    const [first, second] = cursors;
    if (!first || !second) throw new Error("there are four events");
    const reader = new Uint8Array(16);
    const mixed = { position: first.position, hash: second.hash };
    const move = (from: StoredCursor | undefined, to: StoredCursor, by = reader) =>
      checkpoints.move(ledger.ledgerId, "mixed", { from, to, reader: by });
    expect(await move(undefined, mixed)).toBe("forked");
    expect(await move(undefined, first)).toBe("moved");
    expect(await move(mixed, second, new Uint8Array(16).fill(1))).toBe("conflict");
  }
});

test("of sixteen who move one checkpoint at once one does", async () => {
  for (const { checkpoints, ledger, cursors } of stores) {
    const outcomes = await Promise.all(
      Array.from({ length: 16 }, (_, n) => {
        const to = cursors[n % 4];
        if (to === undefined) throw new Error("there are four events");
        const reader = new Uint8Array(16).fill(n);
        return checkpoints.move(ledger.ledgerId, "raced", { from: undefined, to, reader });
      }),
    );
    expect(outcomes.filter((outcome) => outcome === "moved")).toHaveLength(1);
  }
});

test("the hash at a position is the event's, the genesis hash at 0, and none past the head", async () => {
  for (const { store, ledger, cursors } of stores) {
    expect(await store.hashAt(ledger.ledgerId, 0n)).toEqual(ledger.genesisHash);
    for (const { position, hash } of cursors) expect(await store.hashAt(ledger.ledgerId, position)).toEqual(hash);
    expect(await store.hashAt(ledger.ledgerId, 5n)).toBeUndefined();
    await expect(store.hashAt(ledger.ledgerId, -1n)).rejects.toMatchObject({ code: "invalid-argument" });
  }
});
