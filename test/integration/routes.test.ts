import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findFreePort, findRedis, startRedis } from "@eventchain/devstack";
import type { Ledger, ReactionTask } from "@eventchain/ledger";
import { consumeEvents } from "@eventchain/queue";
import {
  type CloudEventJson,
  callback,
  defineRoute,
  fromCloudEvent,
  queue,
  type Route,
  verifyWebhook,
  webhook,
} from "@eventchain/routes";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { openReactingApp, type ReactingApp } from "../support/reacting-app.ts";
import { createStagedLedger } from "../support/staged-ledger.ts";

const hasRedis = findRedis() !== undefined;
if (!hasRedis)
  console.warn("no redis-server or valkey-server is installed: routes to queues are tested on Postgres only");

/** A busy machine may take its time. */
const PATIENTLY = { timeout: 60_000 };
const secret = `whsec_${Buffer.alloc(32, 9).toString("base64")}`;
const retry = { attempts: 50, firstMs: 5, maxMs: 20 };

let database: TestDatabase;
const closers: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
});
afterEach(async () => {
  for (let close = closers.pop(); close !== undefined; close = closers.pop()) await close();
});
afterAll(async () => {
  await database?.drop();
});

/** A new ledger, or one more worker of an old one's. */
async function open(reactions: readonly Route[], origin?: string): Promise<ReactingApp> {
  const app = await openReactingApp({ pool: database.pool, reactions, ...(origin === undefined ? {} : { origin }) });
  closers.push(async () => {
    await app[Symbol.asyncDispose]();
    await Promise.all(reactions.map(async ({ to }) => to.close?.()));
  });
  return app;
}

/** Deliveries that have not come to their end. */
async function tasksOf({ ledger }: ReactingApp): Promise<ReactionTask[]> {
  const tasks: ReactionTask[] = [];
  for await (const task of ledger.reactionTasks()) tasks.push(task);
  return tasks;
}

/** Streams a, b and c, `each` events in each, taking turns. */
async function fill(ledger: Ledger, each: number): Promise<void> {
  for (let n = 1; n <= each; n++)
    for (const stream of ["a", "b", "c"])
      await ledger.append(stream, { type: "Counted", data: { n }, tags: [`in:${stream}`] });
}

async function listen(
  handler: (request: IncomingMessage, body: string, response: ServerResponse) => void,
): Promise<string> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    handler(request, Buffer.concat(chunks).toString("utf8"), response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** Versions by stream, in the order of their first arrival. */
function byStream(events: readonly { stream: string; version: bigint }[]): Record<string, bigint[]> {
  const seen: Record<string, bigint[]> = {};
  for (const { stream, version } of events) {
    seen[stream] ??= [];
    if (!seen[stream].includes(version)) seen[stream].push(version);
  }
  return seen;
}

const upTo = (count: number): bigint[] => Array.from({ length: count }, (_, index) => BigInt(index + 1));

describe("a route to a webhook", () => {
  test("brings each event at least once, signed, in its stream's order, to a receiver that fails half the time", async () => {
    const received: { id: string; isTaken: boolean; event: ReturnType<typeof fromCloudEvent> }[] = [];
    const refusals: unknown[] = [];
    let calls = 0;
    const url = await listen((request, body, response) => {
      const verified = verifyWebhook(request.headers, body, secret);
      if (verified.kind === "refused") {
        refusals.push(verified);
        response.writeHead(401).end();
        return;
      }
      calls += 1;
      // In turn: taken and said so; taken, but the answer is lost; refused before it is taken.
      const turn = calls % 4;
      if (turn !== 2) received.push({ id: verified.id, isTaken: turn !== 1, event: fromCloudEvent(verified.body) });
      if (turn === 1) response.destroy();
      else if (turn === 2) response.writeHead(500).end("not now");
      else response.writeHead(204).end();
    });
    const route = defineRoute("to-partner", { to: webhook({ url, secret }), from: "start", retry });
    const one = await open([route]);
    const other = await open([route], one.origin);
    await fill(one.ledger, 12);
    await Promise.all([one.settle(), other.settle()]);
    expect(await tasksOf(one)).toEqual([]);
    expect(received.filter(({ isTaken }) => isTaken)).toHaveLength(36);
    expect(refusals).toEqual([]);
    expect(byStream(received.map(({ event }) => event))).toEqual({ a: upTo(12), b: upTo(12), c: upTo(12) });
    // One key for one event, however often it came.
    const keys = new Map(received.map(({ id, event }) => [event.id, id]));
    for (const { id, event } of received) expect(keys.get(event.id)).toBe(id);
    expect(new Set(keys.values()).size).toBe(36);
    expect(received.length).toBeGreaterThan(36);
    // And what came is what was recorded.
    const recorded = [];
    for await (const event of one.ledger.readAll()) recorded.push(event);
    const first = new Map(received.map(({ event }) => [event.position, event]));
    expect(recorded.map(({ position }) => first.get(position))).toEqual(recorded);
  });

  test("puts an event aside at once where the receiver does not want it; its stream waits until somebody lets it go on", async () => {
    const seen: string[] = [];
    const url = await listen((_request, body, response) => {
      const { stream, version } = fromCloudEvent(body);
      seen.push(`${stream} ${version}`);
      response.writeHead(stream === "a" && version === 2n ? 410 : 200).end();
    });
    const app = await open([defineRoute("to-partner", { to: webhook({ url, secret }), from: "start", retry })]);
    await fill(app.ledger, 3);
    await app.settle();
    const first = ["a 1", "a 2", "b 1", "b 2", "b 3", "c 1", "c 2", "c 3"];
    expect(seen.toSorted()).toEqual(first);
    expect(await tasksOf(app)).toMatchObject([
      { position: 4n, state: "dead", attempts: 1, error: expect.stringMatching(/answered 410$/) },
      { position: 7n, state: "waiting" },
    ]);
    await app.ledger.dropReactionTask({ reaction: "to-partner", position: 4n });
    await app.settle();
    expect(seen.toSorted()).toEqual(["a 1", "a 2", "a 3", ...first.slice(2)]);
  });

  test("comes again no sooner than Retry-After says, within what its own retry allows", async () => {
    const url = await listen((_request, _body, response) => response.writeHead(503, { "retry-after": "3600" }).end());
    const patient = { attempts: 3, firstMs: 1, maxMs: 60_000 };
    const app = await open([
      defineRoute("to-partner", { to: webhook({ url, secret }), from: "start", retry: patient }),
    ]);
    await app.ledger.append("a", { type: "Counted", data: {} });
    await app.settle();
    expect(await tasksOf(app)).toMatchObject([{ state: "waiting", attempts: 1 }]);
    expect(app.log).toContainEqual(
      expect.objectContaining({ event: "reaction-run-failed", values: expect.objectContaining({ againInMs: 60_000 }) }),
    );
  });
});

describe("a route to a queue", () => {
  async function brings(server: { databaseUrl: string } | { redisUrl: string }): Promise<void> {
    const where = { ...server, name: "to-queue" };
    const target = queue(where);
    // Half of the deliveries are said to have failed though the event is in the queue.
    let deliveries = 0;
    const flaky = {
      ...target,
      deliver: async (...args: Parameters<typeof target.deliver>) => {
        await target.deliver(...args);
        deliveries += 1;
        if (deliveries % 2 === 1) throw new Error("the answer was lost");
      },
    };
    const received: CloudEventJson[] = [];
    const consumer = await consumeEvents(where, ({ data }) => void received.push(data as CloudEventJson));
    closers.push(() => consumer.close());
    const route = defineRoute("to-queue", { to: flaky, from: "start", retry });
    const one = await open([route]);
    const other = await open([route], one.origin);
    await fill(one.ledger, 5);
    await Promise.all([one.settle(), other.settle()]);
    expect(deliveries).toBeGreaterThan(15);
    await expect.poll(() => received.length, PATIENTLY).toBe(15);
    expect(byStream(received.map(fromCloudEvent))).toEqual({ a: upTo(5), b: upTo(5), c: upTo(5) });
    expect(new Set(received.map(({ id }) => id)).size).toBe(15);
  }

  test("in Postgres brings each event once, though deliveries are made twice, in its stream's order", async () => {
    await brings({ databaseUrl: database.url });
  });

  if (hasRedis) {
    test("on Redis does so too", async () => {
      const dir = mkdtempSync(join(tmpdir(), "eventchain-routes-"));
      const redis = await startRedis({ dir, port: await findFreePort() });
      closers.push(async () => {
        await redis?.stop();
        rmSync(dir, { recursive: true, force: true });
      });
      await brings({ redisUrl: redis?.url ?? "" });
    });
  }
});

describe("a route", () => {
  test("takes events by type, tag and ledger", async () => {
    const seen: string[] = [];
    const to = callback(({ type, stream }, { origin }) => void seen.push(`${type} ${stream} ${origin}`));
    const byType = defineRoute("by-type", { to, types: ["Closed"], from: "start" });
    const one = await open([byType]);
    const other = await open([byType]);
    const byTagAndLedger = { to, tags: ["vip"], ledgers: [other.origin], from: "start" } as const;
    for (const app of [one, other]) {
      app.deploy([byType, defineRoute("by-tag-and-ledger", byTagAndLedger)]);
      await app.ledger.append("t", { type: "Opened", data: {} });
      await app.ledger.append("t", { type: "Closed", data: {} });
      await app.ledger.append("v", { type: "Opened", data: {}, tags: ["vip"] });
      await app.settle();
    }
    expect(seen).toEqual([`Closed t ${one.origin}`, expect.any(String), expect.any(String)]);
    expect(seen.slice(1).sort()).toEqual([`Closed t ${other.origin}`, `Opened v ${other.origin}`]);
  });

  test("waits until an event is final where it is asked to", async () => {
    const seen: bigint[] = [];
    const to = callback(({ position }) => void seen.push(position));
    const staged = await createStagedLedger(database.pool, "final.test");
    const app = await open([defineRoute("r", { to, from: "start", level: "final" })], staged.origin);
    await app.ledger.append("a", { type: "Counted", data: {} });
    await staged.makeFinal();
    await app.ledger.append("a", { type: "Counted", data: {} });
    await app.settle();
    expect(seen).toEqual([1n]);
    await staged.makeFinal();
    await app.settle();
    expect(seen).toEqual([1n, 2n]);
  });

  test("delivers nothing while it is switched off, and what came meanwhile once it is on again", async () => {
    const seen: bigint[] = [];
    const to = callback(({ position }) => void seen.push(position));
    const app = await open([defineRoute("r", { to, from: "start" })]);
    await app.round();
    await app.ledger.switchHandler("r", false, { by: "ada" });
    await app.ledger.append("a", { type: "Counted", data: {} });
    await app.settle();
    expect(seen).toEqual([]);
    await app.ledger.switchHandler("r", true, { by: "ada" });
    await app.settle();
    expect(seen).toEqual([2n]);
  });
});
