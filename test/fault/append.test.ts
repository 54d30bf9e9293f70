import { type AppendRequest, groupAppends, openPostgresStore, type PostgresStore } from "@eventchain/store";
import { checkChain, createTestLedger, newEvent, type TestLedger } from "@eventchain/store/testing";
import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { type FaultyProxy, startFaultyProxy } from "./append-proxy.ts";

let database: TestDatabase;
let proxy: FaultyProxy;
/** By the proxy, which loses connections. */
let store: PostgresStore;
/** Straight to the database. */
let direct: PostgresStore;
let ledger: TestLedger;

beforeAll(async () => {
  database = await createTestDatabase();
  proxy = await startFaultyProxy(database.url);
  direct = openPostgresStore({ pool: database.pool });
});
beforeEach(async () => {
  store = openPostgresStore({ connectionString: proxy.url, maxConnections: 4 });
  ledger = await createTestLedger(store);
});
afterEach(async () => {
  await checkChain(direct, ledger);
  await store.close();
});
afterAll(async () => {
  await proxy.close();
  await database.drop();
});

function request(parts: Partial<AppendRequest> = {}): AppendRequest {
  return { events: [newEvent(), newEvent()], expected: [], ...parts };
}

function command(id: string, hash = 1): AppendRequest {
  const events = [newEvent({ metadata: `{"commandId":"${id}"}` })];
  return { events, expected: [], command: { id, requestHash: new Uint8Array(32).fill(hash) } };
}

/** A session of its own that holds the ledger's lock until it is let go. */
async function holdLock(): Promise<{ pid: number; release(): Promise<void> }> {
  const client = new pg.Client({ connectionString: database.url });
  client.on("error", () => undefined);
  await client.connect();
  await client.query("begin");
  await client.query("select from eventchain.ledgers where ledger_id = $1 for no key update", [ledger.ledgerId]);
  const { rows } = await client.query("select pg_backend_pid() as pid");
  return { pid: rows[0].pid, release: () => client.end() };
}

/** Waits until so many sessions wait for a lock in this database; gives their process ids. */
async function waitingSessions(count: number): Promise<number[]> {
  for (;;) {
    const { rows } = await database.pool.query(
      "select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' order by query_start",
    );
    if (rows.length >= count) return rows.map(({ pid }) => pid);
  }
}

describe("a connection that is lost", () => {
  test("after the commit: the append has happened, once, and its outcome is told", async () => {
    proxy.loseNext("lose-response");
    const one = request({ expected: [{ stream: "ticket-1", version: "none" }] });
    const [outcome] = await store.append(ledger.ledgerId, [one]);
    expect(outcome).toMatchObject({
      outcome: "recorded",
      duplicate: false,
      events: [{ position: 1n }, { position: 2n }],
    });
    expect((await direct.head(ledger.ledgerId)).position).toBe(2n);
  });

  test("before the server has heard of it: it is sent again", async () => {
    proxy.loseNext("lose-request");
    const [outcome] = await store.append(ledger.ledgerId, [
      request({ expected: [{ stream: "ticket-1", version: "none" }] }),
    ]);
    expect(outcome).toMatchObject({
      outcome: "recorded",
      duplicate: false,
      events: [{ position: 1n }, { position: 2n }],
    });
  });

  test.each(["lose-request", "lose-response", "cut"] as const)(
    "with other appends behind it (%s): each is recorded once, in the order of the calls",
    async (fault) => {
      // The connection is there, and the call prepared.
      await store.append(ledger.ledgerId, [request()]);
      proxy.loseNext(fault);
      const calls = Array.from({ length: 4 }, () => store.append(ledger.ledgerId, [request()]));
      const later = calls[0]?.then(() => store.append(ledger.ledgerId, [request()]));
      const outcomes = (await Promise.all([...calls, later])).flatMap((each) => each ?? []);
      expect(outcomes).toMatchObject(
        outcomes.map((_, n) => ({
          outcome: "recorded",
          duplicate: false,
          events: [{ position: BigInt(2 * n + 3) }, { position: BigInt(2 * n + 4) }],
        })),
      );
      expect(proxy.hasLost()).toBe(true);
      expect((await direct.head(ledger.ledgerId)).position).toBe(12n);
    },
  );

  test("after the commit of a group: each request gets the outcome it had", async () => {
    await direct.append(ledger.ledgerId, [command("old"), command("reused")]);
    proxy.loseNext("lose-response");
    const outcomes = await store.append(ledger.ledgerId, [
      command("new"),
      command("old"),
      command("reused", 2),
      request({ expected: [{ stream: "ticket-1", version: 9n }] }),
      request({ events: [newEvent({ data: "nonsense" })] }),
      request({ expected: [{ stream: "ticket-1", version: 3n }] }),
    ]);
    expect(outcomes).toMatchObject([
      { outcome: "recorded", duplicate: false, events: [{ position: 3n }] },
      { outcome: "recorded", duplicate: true, events: [{ position: 1n }] },
      { outcome: "command-id-reused", commandId: "reused" },
      { outcome: "conflict", expected: 9n },
      { outcome: "refused", code: "invalid-json" },
      { outcome: "recorded", duplicate: false, events: [{ position: 4n }, { position: 5n }] },
    ]);
  });

  test("by an administrator, while the append waits for the lock: it is sent again", async () => {
    const holder = await holdLock();
    const append = store.append(ledger.ledgerId, [request()]);
    const [pid] = await waitingSessions(1);
    await database.pool.query("select pg_terminate_backend($1)", [pid]);
    const [second] = await waitingSessions(1).then(() => waitingSessions(1));
    expect(second).toBeDefined();
    await holder.release();
    expect(await append).toMatchObject([
      { outcome: "recorded", duplicate: false, events: [{ position: 1n }, { position: 2n }] },
    ]);
  });

  test.each([
    ["without a command", () => request()],
    ["with a command", () => command("c")],
  ])("while the server goes on with the first call, %s: recorded once, by whichever was first", async (_, make) => {
    const holder = await holdLock();
    proxy.loseNext("cut");
    const append = store.append(ledger.ledgerId, [make()]);
    // The first call and the second one, both waiting for the lock.
    await waitingSessions(2);
    await holder.release();
    const [outcome] = await append;
    expect(outcome).toMatchObject({ outcome: "recorded", duplicate: false });
    const count = outcome?.outcome === "recorded" ? outcome.events.length : 0;
    expect((await direct.head(ledger.ledgerId)).position).toBe(BigInt(count));
  });

  test("for good: database-unavailable, naming the events whose fate is not known", async () => {
    const one = request();
    const holder = await holdLock();
    const append = expect(store.append(ledger.ledgerId, [one])).rejects.toMatchObject({
      code: "database-unavailable",
      retryable: true,
      values: { eventIds: [one.events[0]?.id] },
    });
    await waitingSessions(1);
    proxy.goDown();
    await append;
    await holder.release();
    proxy.comeBack();
    // The caller's own retry, with the same ids: whatever had become of the first call, they are recorded once.
    const [again] = await store.append(ledger.ledgerId, [one]);
    const head = await direct.head(ledger.ledgerId);
    expect(["recorded", "duplicate-id"]).toContain(again?.outcome === "refused" ? again.code : again?.outcome);
    expect(head.position).toBe(2n);
  });

  test("before it was ever made: database-unavailable at once", async () => {
    const nowhere = openPostgresStore({ connectionString: "postgres://nobody:secret@127.0.0.1:1/none" });
    const append = nowhere.append(ledger.ledgerId, [request()]);
    await expect(append).rejects.toMatchObject({ code: "database-unavailable", retryable: true });
    await expect(append).rejects.not.toThrow(/secret/);
    await nowhere.close();
  });
});

describe("the lock of a ledger", () => {
  test("is free again when its holder dies", async () => {
    const holder = await holdLock();
    // Of one store, the second is sent behind the first on one connection.
    const appends = [store, store, direct].map((each) => each.append(ledger.ledgerId, [request()]));
    await waitingSessions(2);
    await database.pool.query("select pg_terminate_backend($1)", [holder.pid]);
    for (const [outcome] of await Promise.all(appends)) expect(outcome).toMatchObject({ outcome: "recorded" });
    await holder.release();
  });

  test("of one ledger does not hold up another", async () => {
    const other = await createTestLedger(store);
    const holder = await holdLock();
    expect(await store.append(other.ledgerId, [request()])).toMatchObject([{ outcome: "recorded" }]);
    await holder.release();
    await checkChain(direct, other);
  });

  test("is not waited for without end: timeout, nothing appended, the connection still good", async () => {
    await database.pool.query("alter function eventchain.append_events set lock_timeout = '50ms'");
    const holder = await holdLock();
    try {
      await expect(store.append(ledger.ledgerId, [request()])).rejects.toMatchObject({
        code: "timeout",
        retryable: true,
      });
      await expect(groupAppends(store).append(ledger.ledgerId, request())).rejects.toMatchObject({ code: "timeout" });
    } finally {
      await holder.release();
      await database.pool.query("alter function eventchain.append_events set lock_timeout = '10s'");
    }
    expect(await store.append(ledger.ledgerId, [request()])).toMatchObject([
      { events: [{ position: 1n }, { position: 2n }] },
    ]);
  });

  test("nor past a statement timeout", async () => {
    const url = new URL(database.url);
    url.searchParams.set("options", "-c statement_timeout=100");
    const hasty = openPostgresStore({ connectionString: url.toString() });
    const holder = await holdLock();
    await expect(hasty.append(ledger.ledgerId, [request()])).rejects.toMatchObject({
      code: "timeout",
      retryable: true,
    });
    await holder.release();
    expect(await hasty.append(ledger.ledgerId, [request()])).toMatchObject([
      { events: [{ position: 1n }, { position: 2n }] },
    ]);
    await hasty.close();
  });
});

describe("the append call", () => {
  test("leaves no setting behind in its session", async () => {
    const client = await database.pool.connect();
    const settings = "select name, setting from pg_settings where context = 'user' order by name";
    try {
      const pool = {
        connect: async () => ({ ...hooks, query: client.query.bind(client) }),
        query: client.query.bind(client),
      };
      const hooks = { on: () => undefined, off: () => undefined, release: () => undefined };
      const before = (await client.query(settings)).rows;
      const [outcome] = await openPostgresStore({ pool: pool as unknown as pg.Pool }).append(ledger.ledgerId, [
        request(),
      ]);
      expect(outcome).toMatchObject({ outcome: "recorded" });
      expect((await client.query(settings)).rows).toEqual(before);
    } finally {
      client.release();
    }
  });

  test("is sent without a name where the server has not the name, or has it of another client", async () => {
    const pool = new pg.Pool({ connectionString: database.url, max: 1 });
    const other = new pg.Pool({ connectionString: database.url, max: 1 });
    const names = "select name from pg_prepared_statements where statement like '%append_events(%'";
    try {
      const forgetful = openPostgresStore({ pool });
      await forgetful.append(ledger.ledgerId, [request()]);
      const [prepared] = (await pool.query<{ name: string }>(names)).rows;
      expect(prepared?.name).toMatch(/^eventchain_append_[0-9a-f]{16}$/);
      await pool.query("deallocate all");
      expect(await forgetful.append(ledger.ledgerId, [request()])).toMatchObject([{ outcome: "recorded" }]);
      expect((await pool.query(names)).rows).toEqual([]);
      await other.query(`prepare ${prepared?.name} as select 1`);
      expect(await openPostgresStore({ pool: other }).append(ledger.ledgerId, [request()])).toMatchObject([
        { outcome: "recorded" },
      ]);
      expect((await direct.head(ledger.ledgerId)).position).toBe(6n);
    } finally {
      await Promise.all([pool.end(), other.end()]);
    }
  });

  test("bounds, for its transaction only, how long it may idle with the lock", async () => {
    const client = await database.pool.connect();
    const idle = async (): Promise<string> =>
      (await client.query("select current_setting('idle_in_transaction_session_timeout') as idle")).rows[0].idle;
    const appendInside =
      "select * from eventchain.append_events($1, array[null], array[null]::bytea[], array[null], array[null], array[0], array[0], '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', null, null, null, null, null, null, null, null, null)";
    try {
      expect(await idle()).toBe("0");
      await client.query("begin");
      await client.query(appendInside, [ledger.ledgerId]);
      expect(await idle()).toBe("10s");
      await client.query("commit");
      expect(await idle()).toBe("0");
    } finally {
      client.release();
    }
  });

  test.each(["repeatable read", "serializable"])("refuses to run at %s", async (level) => {
    const url = new URL(database.url);
    url.searchParams.set("options", `-c default_transaction_isolation=${level.replace(" ", "\\ ")}`);
    const strict = openPostgresStore({ connectionString: url.toString() });
    await expect(strict.append(ledger.ledgerId, [request()])).rejects.toMatchObject({ code: "database-failed" });
    await strict.close();
  });

  test("refuses a halted ledger's appends, each by itself", async () => {
    await database.pool.query(
      "update eventchain.ledgers set state = 'halted', state_reason = 'guard ahead' where ledger_id = $1",
      [ledger.ledgerId],
    );
    const outcomes = await store.append(ledger.ledgerId, [request(), command("c")]);
    expect(outcomes).toEqual([
      { outcome: "refused", code: "ledger-halted", message: "guard ahead" },
      { outcome: "refused", code: "ledger-halted", message: "guard ahead" },
    ]);
  });

  test("fails alone where the database cannot take a request, in a group too", async () => {
    const deep = `{"a":${"[".repeat(200_000)}${"]".repeat(200_000)}}`;
    const grouped = groupAppends(store);
    const results = await Promise.allSettled([
      grouped.append(ledger.ledgerId, request()),
      grouped.append(ledger.ledgerId, request({ events: [newEvent({ data: deep })] })),
      grouped.append(ledger.ledgerId, request()),
    ]);
    expect(results).toMatchObject([
      { status: "fulfilled", value: { outcome: "recorded" } },
      { status: "rejected", reason: { code: "database-failed", values: { sqlState: "54001" } } },
      { status: "fulfilled", value: { outcome: "recorded" } },
    ]);
  });
});
