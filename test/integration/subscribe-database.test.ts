import { type Connection, connect, defineAccess, type LedgerEvent, type Subscription } from "@eventchain/ledger";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { createStagedLedger, type StagedLedger } from "../support/staged-ledger.ts";

let database: TestDatabase;
let connection: Connection;
let staged: StagedLedger;
let count = 0;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database?.drop());
beforeEach(async () => {
  connection = await connect({ database: database.url });
  staged = await createStagedLedger(database.pool, `subscribe-database-${++count}.test`);
});
afterEach(() => connection.close());

const access = defineAccess(({ id }) => [{ tags: [`of:${id}`] }]);
const open = (options = {}) => connection.ledger(staged.origin, options);

async function append(times: number, tags: readonly string[] = []): Promise<void> {
  const ledger = await open();
  for (let n = 0; n < times; n += 1) await ledger.append("s", { type: "Counted", data: { n }, tags });
}

async function take(subscription: Subscription, most: number): Promise<LedgerEvent[]> {
  const events: LedgerEvent[] = [];
  while (events.length < most) {
    const step = await subscription.next();
    if (step.done === true) break;
    events.push(step.value);
  }
  return events;
}

const at = (events: readonly LedgerEvent[]): number[] => events.map(({ position }) => Number(position));

/** Takes the ledger back to the day when it had so many events, as a backup that is put back does. */
async function putBack(size: number): Promise<void> {
  const client = await database.pool.connect();
  try {
    await client.query("begin");
    await client.query("set local session_replication_role = replica");
    for (const table of ["events", "event_tags"])
      await client.query(`delete from eventchain.${table} where ledger_id = $1 and position > $2`, [
        staged.ledgerId,
        size,
      ]);
    await client.query(
      "update eventchain.watermarks set sealed_size = least(sealed_size, $2), final_size = least(final_size, $2) where ledger_id = $1",
      [staged.ledgerId, size],
    );
    await client.query("commit");
  } finally {
    client.release();
  }
}

describe("levels", () => {
  test("sealed gives what is sealed, final what is final", async () => {
    const ledger = await open();
    await append(3);
    await using sealed = ledger.subscribe({ level: "sealed" });
    await using final = ledger.subscribe({ level: "final", filter: { types: ["Counted"] } });
    const reading = { sealed: take(sealed, 3), final: take(final, 5) };
    await staged.seal();
    expect(at(await reading.sealed)).toEqual([1, 2, 3]);
    await append(2);
    const next = take(sealed, 2);
    expect(final.isLive).toBe(true);
    await staged.makeFinal();
    expect(at(await next)).toEqual([4, 5]);
    expect(at(await reading.final)).toEqual([1, 2, 3, 4, 5]);
  });

  test("now means what is appended from now on, whatever is sealed later", async () => {
    const ledger = await open();
    await append(3);
    await using sealed = ledger.subscribe({ level: "sealed", from: "now" });
    const coming = take(sealed, 1);
    await staged.seal();
    await append(1);
    await staged.seal();
    expect(at(await coming)).toEqual([4]);
  });
});

describe("a ledger that was put back to an earlier day", () => {
  const options = [
    ["each event", {}],
    ["the events of a filter", { filter: { types: ["Counted"] } }],
    ["sealed events", { level: "sealed" as const }],
  ] as const;

  test.each(options)("is forked for a reader of %s that waits", async (_what, how) => {
    const ledger = await open();
    await append(5);
    await staged.seal();
    await using subscription = ledger.subscribe(how);
    await take(subscription, 5);
    const forked = expect(subscription.next()).rejects.toMatchObject({ code: "forked" });
    await putBack(3);
    await forked;
  });

  test.each(options)("is forked for a reader of %s that finds other events in the place", async (_what, how) => {
    const ledger = await open();
    await append(5);
    await staged.seal();
    await using subscription = ledger.subscribe(how);
    await take(subscription, 5);
    await putBack(3);
    await append(9);
    await database.pool.query("update eventchain.watermarks set sealed_size = 12 where ledger_id = $1", [
      staged.ledgerId,
    ]);
    await expect(subscription.next()).rejects.toMatchObject({ code: "forked", values: { position: 5n } });
  });

  test("is forked too where none of the new events is asked for", async () => {
    const ledger = await open();
    await append(5, ["a"]);
    await using subscription = ledger.subscribe({ filter: { tags: ["a"] } });
    await take(subscription, 5);
    const forked = expect(subscription.next()).rejects.toMatchObject({ code: "forked" });
    await putBack(3);
    await append(9, ["b"]);
    await forked;
  });

  test("is forked for a checkpoint that was kept before", async () => {
    const ledger = await open();
    await append(5);
    const subscription = ledger.subscribe({ checkpoint: "kept" });
    const [, , , fourth] = await take(subscription, 4);
    if (fourth === undefined) throw new Error("there are five events");
    await subscription.checkpoint(fourth);
    await putBack(3);
    await append(9);
    await expect(ledger.subscribe({ checkpoint: "kept" }).next()).rejects.toMatchObject({ code: "forked" });
    expect(at(await take(ledger.subscribe({ checkpoint: "kept", from: 4n }), 1))).toEqual([5]);
  });
});

test("closing the connection ends the steps that wait, at each level, and waits for none", async () => {
  const ledger = await open({ access });
  const waiting = [
    ledger.subscribe(),
    ledger.subscribe({ level: "sealed" }),
    ledger.subscribe({ level: "final", from: "now" }),
    ledger.as("ann").subscribe({ checkpoint: "c" }),
  ].map((subscription) => subscription.next());
  const ended = Promise.allSettled(waiting);
  await connection.close();
  for (const outcome of await ended) expect(outcome).toMatchObject({ status: "rejected", reason: { code: "aborted" } });
  expect(() => ledger.subscribe()).toThrow("the connection is closed");
});

test("Postgres's row-level security checks what a view's subscription reads", async () => {
  const ledger = await open({ access, rowSecurity: true });
  await append(1, ["of:ann"]);
  await append(2, ["of:bob"]);
  await using subscription = ledger.as("bob").subscribe();
  expect(at(await take(subscription, 2))).toEqual([2, 3]);
  const coming = take(subscription, 1);
  await append(1, ["of:ann"]);
  await append(1, ["of:bob"]);
  expect(at(await coming)).toEqual([5]);
});

test("every reader is given each append at most once, however many read one ledger", async () => {
  const ledger = await open();
  const readers = Array.from({ length: 50 }, () => ledger.subscribe());
  const reading = Promise.all(readers.map((reader) => take(reader, 100)));
  await Promise.all(
    Array.from({ length: 100 }, (_, n) => ledger.append(`s-${n % 7}`, { type: "Counted", data: { n } })),
  );
  const expected = Array.from({ length: 100 }, (_, n) => n + 1);
  for (const events of await reading) expect(at(events)).toEqual(expected);
});
