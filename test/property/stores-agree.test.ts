import { bytesToHex, createGenesis, sha256, signerFromSeed, utf8, uuidv7 } from "@eventchain/core";
import { type AppendOutcome, type EventStore, openMemoryStore, openPostgresStore } from "@eventchain/store";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { type Call, calls, type Question, questions, texts } from "../support/random-requests.ts";

let database: TestDatabase;
let postgres: EventStore;
let memory: EventStore;
/** The time of the database's last append: the memory's clock, so that both make the same hashes. */
let nowMicros = 0n;
beforeAll(async () => {
  database = await createTestDatabase();
  postgres = openPostgresStore({ pool: database.pool });
  memory = openMemoryStore({ clock: () => nowMicros });
});
afterAll(() => database.drop());

interface Pair {
  postgres: bigint;
  memory: bigint;
}

/** One ledger, once in each store: of one genesis, or the hashes would differ. */
async function createPair(): Promise<Pair> {
  const origin = `agree.test/${uuidv7(0n)}`;
  const { vkey } = signerFromSeed(origin, new Uint8Array(32));
  const input = { origin, vkey, genesis: createGenesis({ origin, vkey }) };
  const [one, other] = await Promise.all([postgres.createLedger(input), memory.createLedger(input)]);
  expect(plain({ ...other, ledgerId: one.ledgerId })).toEqual(plain(one));
  return { postgres: one.ledgerId, memory: other.ledgerId };
}

/** Bytes in hex, whatever kind of array holds them. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return bytesToHex(value);
  if (value instanceof Set) return [...value].sort();
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

/** When the database recorded what it recorded; the last time where it recorded nothing. */
async function timeOf(ledgerId: bigint, call: Call, outcomes: readonly AppendOutcome[]): Promise<bigint> {
  for (const [index, outcome] of outcomes.entries()) {
    if (outcome.outcome === "recorded" && !outcome.duplicate) return outcome.events[0]?.recordedAtMicros ?? nowMicros;
    const commandId = call[index]?.command?.id;
    if (outcome.outcome === "rejected" && !outcome.duplicate && commandId !== undefined)
      return (await postgres.findCommand(ledgerId, commandId))?.atMicros ?? nowMicros;
  }
  return nowMicros;
}

async function appendToBoth(ledger: Pair, call: Call): Promise<unknown> {
  const outcomes = await postgres.append(ledger.postgres, call);
  nowMicros = await timeOf(ledger.postgres, call, outcomes);
  const inMemory = await memory.append(ledger.memory, call);
  expect(plain(inMemory)).toEqual(plain(outcomes));
  return outcomes;
}

/** What a store answers; the error's code where it throws. */
async function answer(store: EventStore, ledgerId: bigint, ask: Question): Promise<unknown> {
  try {
    return plain(await ask.run(store, ledgerId));
  } catch (error) {
    return { thrown: (error as { code?: unknown }).code ?? error };
  }
}

test("both stores judge, record and find alike, whatever is asked of them", async () => {
  await fc.assert(
    fc.asyncProperty(calls, questions, async (made, asked) => {
      const ledger = await createPair();
      for (const call of made) await appendToBoth(ledger, call);
      for (const ask of asked) {
        const expected = await answer(postgres, ledger.postgres, ask);
        expect(await answer(memory, ledger.memory, ask), ask.what).toEqual(expected);
      }
    }),
    { numRuns: 150 },
  );
});

test("both stores take the same texts for JSON objects", async () => {
  const ledger = await createPair();
  await fc.assert(
    fc.asyncProperty(fc.array(texts, { minLength: 1, maxLength: 40 }), async (data) => {
      const salt = sha256(utf8("salt")).slice(0, 16);
      const parts = { stream: "s", type: "T", schema: 1, tags: [], salt, metaSalt: salt };
      const event = (text: string, as: "data" | "metadata") => ({
        ...{ ...parts, id: uuidv7(0n), data: "{}", metadata: "{}" },
        [as]: text,
      });
      const call = data.flatMap((text) => [
        { events: [event(text, "data")], expected: [] },
        { events: [event(text, "metadata")], expected: [] },
      ]);
      await appendToBoth(ledger, call);
    }),
    { numRuns: 100 },
  );
});
