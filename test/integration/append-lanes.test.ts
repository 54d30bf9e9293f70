import { setTimeout as pause } from "node:timers/promises";
import { type AppendRequest, openPostgresStore, type PostgresStore } from "@eventchain/store";
import { createTestLedger, newEvent } from "@eventchain/store/testing";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

let database: TestDatabase;
let store: PostgresStore;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterEach(() => store.close());
afterAll(() => database.drop());

const request = (): AppendRequest => ({ events: [newEvent()], expected: [] });

describe("calls on one connection", () => {
  test("take no part in the transaction of one that runs more than a statement", async () => {
    store = openPostgresStore({ connectionString: database.url });
    const { ledgerId } = await createTestLedger(store);
    const began = Promise.withResolvers<void>();
    const end = Promise.withResolvers<void>();
    const before = store.append(ledgerId, [request()]);
    const alone = store.append(ledgerId, [request()], async () => {
      began.resolve();
      await end.promise;
      throw new Error("no");
    });
    await began.promise;
    const after = store.append(ledgerId, [request()]);
    // Were it sent now, it would be answered now, and rolled back with the other.
    expect(await Promise.race([after.then(() => "answered"), pause(100, "waits")])).toBe("waits");
    end.resolve();
    await expect(alone).rejects.toThrow();
    expect(await before).toMatchObject([{ outcome: "recorded", events: [{ position: 1n }] }]);
    expect(await after).toMatchObject([{ outcome: "recorded", events: [{ position: 2n }] }]);
    expect((await store.head(ledgerId)).position).toBe(2n);
  });

  test("of one ledger give it back to another ledger that waits for it", async () => {
    store = openPostgresStore({ connectionString: database.url, maxConnections: 1 });
    const [busy, other] = [await createTestLedger(store), await createTestLedger(store)];
    let isServed = false;
    const callers = Array.from({ length: 24 }, async () => {
      while (!isServed) await store.append(busy.ledgerId, [request()]);
    });
    await pause(50);
    expect(await store.append(other.ledgerId, [request()])).toMatchObject([{ outcome: "recorded" }]);
    isServed = true;
    await Promise.all(callers);
  });

  test("are recorded in the order of the calls", async () => {
    store = openPostgresStore({ connectionString: database.url });
    const { ledgerId } = await createTestLedger(store);
    const within = async (): Promise<void> => undefined;
    const calls = Array.from({ length: 60 }, (_, n) =>
      store.append(ledgerId, [request()], n % 7 === 3 ? within : undefined),
    );
    const positions = (await Promise.all(calls)).map(([outcome]) =>
      outcome?.outcome === "recorded" ? outcome.events[0]?.position : undefined,
    );
    expect(positions).toEqual(calls.map((_, n) => BigInt(n + 1)));
  });
});
