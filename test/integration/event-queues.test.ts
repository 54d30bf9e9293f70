import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findFreePort, findRedis, type RunningRedis, startRedis } from "@eventchain/devstack";
import type { LedgerEvent } from "@eventchain/ledger";
import {
  type ConsumeOptions,
  consumeEvents,
  type EventConsumer,
  type EventQueueConnection,
  openEventQueue,
  type ReceivedEvent,
} from "@eventchain/queue";
import { fromCloudEvent, queue } from "@eventchain/routes";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createEmptyDatabase, type TestDatabase } from "../support/database.ts";

const hasRedis = findRedis() !== undefined;
if (!hasRedis) console.warn("no redis-server or valkey-server is installed: event queues are tested on Postgres only");

/** A busy machine may take its time. */
const PATIENTLY = { timeout: 60_000 };

/** What holds on every backend; the same tests for each. */
function behaves(connection: () => EventQueueConnection): void {
  let count = 0;
  let name: string;
  const open: { close(): Promise<void> }[] = [];
  beforeEach(() => {
    count += 1;
    name = `events-${count}`;
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((each) => each.close()));
  });

  function produce(): (...ids: string[]) => Promise<void> {
    const producer = openEventQueue({ ...connection(), name });
    open.push(producer);
    return async (...ids) => {
      for (const id of ids) await producer.add({ id: `key-${id}`, name: "Happened", data: { id } });
    };
  }

  async function consume(
    handle: (event: ReceivedEvent) => Promise<void> | void,
    options: Partial<ConsumeOptions> = {},
  ): Promise<EventConsumer> {
    const quickly = { firstRetryMs: 10, maxRetryMs: 50 };
    const consumer = await consumeEvents({ ...connection(), name, ...quickly, ...options }, handle);
    open.push(consumer);
    return consumer;
  }

  const idOf = ({ data }: ReceivedEvent): string => (data as { id: string }).id;

  test("hands on each event once, in the order of the adds, though consumers are many", async () => {
    const add = produce();
    const ids = Array.from({ length: 30 }, (_, index) => String(index));
    const seen: string[] = [];
    let atOnce = 0;
    const handle = async (event: ReceivedEvent): Promise<void> => {
      atOnce += 1;
      expect(atOnce).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, 2));
      seen.push(idOf(event));
      atOnce -= 1;
    };
    for (let n = 0; n < 3; n++) await consume(handle);
    await add(...ids);
    await expect.poll(() => seen, PATIENTLY).toEqual(ids);
  });

  test("adds an event whose job is there no second time, waiting or done", async () => {
    const add = produce();
    const seen: string[] = [];
    await add("1", "1", "2");
    await consume((event) => void seen.push(idOf(event)));
    await expect.poll(() => seen, PATIENTLY).toEqual(["1", "2"]);
    await add("1", "2", "3");
    await expect.poll(() => seen, PATIENTLY).toEqual(["1", "2", "3"]);
  });

  test("tries an event again before those after it, and puts it aside after its last attempt", async () => {
    const add = produce();
    const seen: string[] = [];
    const said: string[] = [];
    await add("1", "2", "3");
    const handle = (event: ReceivedEvent): void => {
      seen.push(`${idOf(event)}.${event.attempt}`);
      if (idOf(event) === "1" && event.attempt < 3) throw new Error("not yet");
      if (idOf(event) === "2") throw new Error("never");
    };
    await consume(handle, { attempts: 3, log: (message) => said.push(message) });
    await expect.poll(() => seen, PATIENTLY).toEqual(["1.1", "1.2", "1.3", "2.1", "2.2", "2.3", "3.1"]);
    expect(said).toContain("event key-2, attempt 3: never");
  });

  test("gives an event that waits for its next attempt to the next consumer first, where this one is closed", async () => {
    const add = produce();
    const seen: string[] = [];
    await add("1", "2");
    const first = await consume(
      (event) => {
        seen.push(idOf(event));
        throw new Error("not here");
      },
      { firstRetryMs: 60_000, maxRetryMs: 60_000 },
    );
    await expect.poll(() => seen, PATIENTLY).toEqual(["1"]);
    await first.close();
    await consume((event) => void seen.push(idOf(event)));
    await expect.poll(() => seen, PATIENTLY).toEqual(["1", "1", "2"]);
  });

  test("goes on, as a route's target, after its connection was closed", async () => {
    const target = queue({ ...connection(), name });
    open.push({ close: async () => target.close?.() });
    const event: LedgerEvent = {
      position: 1n,
      stream: "ticket-42",
      version: 1n,
      id: "0192e1c4-9d4b-7c31-8a52-000000000001",
      type: "TicketOpened",
      schema: 1,
      tags: ["ticket:42"],
      recordedAtMicros: 1_763_683_200_123_456n,
      data: { big: 1e21, text: "naïve ☃", nested: { list: [1, null, true] } },
      metadata: { actor: "ada" },
      hash: "ab".repeat(32),
    };
    const context = { attempt: 1, signal: new AbortController().signal, origin: "a.example" };
    const seen: ReceivedEvent[] = [];
    await consume((received) => void seen.push(received));
    await target.deliver(event, { ...context, idempotencyKey: "ab".repeat(32) });
    await target.close?.();
    await target.deliver(event, { ...context, idempotencyKey: "cd".repeat(32) });
    await expect.poll(() => seen.map(({ id }) => id), PATIENTLY).toEqual(["ab".repeat(32), "cd".repeat(32)]);
    expect(seen[0]?.name).toBe("TicketOpened");
    expect(seen.map(({ data }) => fromCloudEvent(data))).toEqual([event, event]);
  });
}

describe("an event queue", () => {
  let database: TestDatabase;
  let redis: RunningRedis | undefined;
  const folder = mkdtempSync(join(tmpdir(), "eventchain-queues-"));

  beforeAll(async () => {
    database = await createEmptyDatabase();
    if (hasRedis) redis = await startRedis({ dir: folder, port: await findFreePort() });
  });
  afterAll(async () => {
    await redis?.stop();
    await database?.drop();
    rmSync(folder, { recursive: true, force: true });
  });

  describe("in Postgres", () => {
    behaves(() => ({ databaseUrl: database.url, schema: "app_queues" }));
  });

  if (hasRedis) {
    describe("on Redis", () => {
      behaves(() => ({ redisUrl: redis?.url ?? "", prefix: "app" }));
    });

    test("goes on after its server was away, in the order of the adds", async () => {
      const dir = mkdtempSync(join(tmpdir(), "eventchain-away-"));
      const port = await findFreePort();
      let server = await startRedis({ dir, port });
      const where = { redisUrl: server?.url ?? "", name: "away" };
      const seen: string[] = [];
      const consumer = await consumeEvents(where, ({ id }) => void seen.push(id));
      const events = openEventQueue(where);
      const add = (id: string): Promise<void> => events.add({ id, name: "n", data: {} });
      await add("e1");
      await expect.poll(() => seen, PATIENTLY).toEqual(["e1"]);
      await server?.stop();
      await expect(add("e2")).rejects.toMatchObject({ code: "queue-unavailable", retryable: true });
      server = await startRedis({ dir, port });
      for (const id of ["e2", "e3"])
        await expect.poll(() => add(id).then(() => "added", String), PATIENTLY).toBe("added");
      await expect.poll(() => seen, PATIENTLY).toEqual(["e1", "e2", "e3"]);
      await Promise.all([events.close(), consumer.close()]);
      await server?.stop();
      rmSync(dir, { recursive: true, force: true });
    });
  }

  test("says where its server is when that is away, and no password", async () => {
    const away = openEventQueue({ redisUrl: "redis://u:hunter2@127.0.0.1:1/", name: "n" });
    const error = await away.add({ id: "a", name: "n", data: {} }).catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ code: "queue-unavailable", retryable: true });
    expect(JSON.stringify([(error as Error).message, error])).not.toContain("hunter2");
  });

  test.each<[string, object]>([
    ["no URL", { redisUrl: "hunter2" }],
    ["a name that cannot be one", { name: "a:b" }],
    ["a time to keep that is none", { keepMs: -1 }],
    ["both servers", { databaseUrl: "postgres://127.0.0.1/x" }],
    ["an option that it does not know", { url: "redis://127.0.0.1" }],
  ])("refuses %s, as a route's target", (_what, wrong) => {
    const make = () => queue({ redisUrl: "redis://127.0.0.1/", name: "n", ...wrong });
    expect(make).toThrow(expect.objectContaining({ code: "config-invalid" }));
    expect(make).not.toThrow(/hunter2/);
  });

  test("refuses an order of several at a time", async () => {
    const options = { databaseUrl: "postgres://127.0.0.1/x", name: "n", concurrency: 2 };
    await expect(consumeEvents(options, () => undefined)).rejects.toMatchObject({ code: "config-invalid" });
  });
});
