import { expect, test } from "vitest";
import { checkChain, collect, createTestLedger, recorded, request } from "../testing/harness.ts";
import { openMemoryStore } from "./open-memory-store.ts";

test("events are recorded at the clock's time, and never before their predecessors", async () => {
  const times = [5n, 3n, 7n];
  const store = openMemoryStore({ clock: () => times.shift() ?? 0n });
  const ledger = await createTestLedger(store);
  for (const recordedAtMicros of [5n, 5n, 7n]) {
    const [outcome] = await store.append(ledger.ledgerId, [request()]);
    expect(recorded(outcome)).toMatchObject([{ recordedAtMicros }]);
  }
  await checkChain(store, ledger);
});

test("an append is over when its call returns", async () => {
  const store = openMemoryStore();
  const { ledgerId } = await createTestLedger(store);
  const appended = store.append(ledgerId, [request()]);
  expect((await store.head(ledgerId)).position).toBe(1n);
  await appended;
});

test("a read gives the events as of its beginning", async () => {
  const store = openMemoryStore();
  const { ledgerId } = await createTestLedger(store);
  await store.append(ledgerId, [request(Array.from({ length: 200 }, () => ({ stream: "s", tags: ["a"] })))]);
  for (const read of [
    () => store.readAll(ledgerId),
    () => store.readAll(ledgerId, { query: [{ tags: ["a"] }] }),
    () => store.readStream(ledgerId, "s"),
  ]) {
    const before = (await store.head(ledgerId)).position;
    let count = 0n;
    for await (const _ of read()) {
      if (count === 0n) await store.append(ledgerId, [request([{ stream: "s", tags: ["a"] }])]);
      count += 1n;
    }
    expect(count).toBe(before);
  }
});

test("what a caller does to an event, given or taken, is not done to the ledger", async () => {
  const store = openMemoryStore();
  const ledger = await createTestLedger(store);
  const given = request([{ tags: ["a"] }]);
  const [outcome] = await store.append(ledger.ledgerId, [given]);
  given.events[0]?.salt.fill(0);
  recorded(outcome)[0]?.hash.fill(0);
  const [taken] = await collect(store.readAll(ledger.ledgerId));
  taken?.hash.fill(0);
  taken?.tags.push("b");
  (await store.head(ledger.ledgerId)).hash.fill(0);
  (await store.findLedger(ledger.origin))?.genesisHash.fill(0);
  await checkChain(store, ledger);
});
