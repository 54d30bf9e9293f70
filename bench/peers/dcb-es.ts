import pg from "pg";
import { type BenchEvent, benchMetadata } from "../harness/events.ts";
import { CREATE_COUNTS } from "./count-by-type.ts";
import { definePeer } from "./define-peer.ts";
import { loadPeer } from "./load-peer.ts";
import type { Peer, PeerEvent, PeerStore, StreamMark } from "./types.ts";

const PACKAGE = "@dcb-es/event-store-postgres";
const CONNECTIONS = 10;
const TYPES = ["OrderPlaced", "OrderPacked", "OrderShipped", "OrderDelivered", "OrderReturned"];

interface Sequenced {
  event: PeerEvent & { tags: unknown };
  position: { toString(): string };
}
interface Command {
  events: object[];
  condition?: { failIfEventsMatch: unknown; after: unknown };
}
interface DcbStore {
  ensureInstalled(): Promise<void>;
  append(commands: Command | Command[]): Promise<{ toString(): string }>;
  read(query: unknown, options?: { backwards: boolean; limit: number }): AsyncGenerator<Sequenced>;
}
interface DcbCore {
  AppendConditionError: new () => Error;
  Query: { all(): unknown; fromItems(items: object[]): unknown };
  SequencePosition: { fromString(text: string): unknown };
  Tags: { from(values: readonly string[]): unknown };
}
interface DcbPostgres {
  PostgresEventStore: new (options: { pool: pg.Pool }) => DcbStore;
  ensureHandlersInstalled(pool: pg.Pool, names: string[], table: string): Promise<void>;
  runHandler(options: object): { promise: Promise<void> };
}

/** It has no streams: one is what has its order's tag, and its mark the position of its last event. */
function defineDcb(name: string, isConditional: boolean): Peer {
  return definePeer(name, PACKAGE, async (databaseUrl, { connections = CONNECTIONS, isInstalled = false } = {}) => {
    const [core, library] = await Promise.all([
      loadPeer<DcbCore>("@dcb-es/event-store"),
      loadPeer<DcbPostgres>(PACKAGE),
    ]);
    const { AppendConditionError, Query, SequencePosition, Tags } = core;
    const pool = new pg.Pool({ connectionString: databaseUrl, max: connections });
    const store = new library.PostgresEventStore({ pool });
    if (!isInstalled) {
      await store.ensureInstalled();
      await pool.query(CREATE_COUNTS);
    }
    const marks = new Map<string, StreamMark>();
    let consumers = 0;
    const tagOf = (stream: string): string => stream.replace("-", ":");
    const queryOf = (stream: string): unknown => Query.fromItems([{ types: TYPES, tags: Tags.from([tagOf(stream)]) }]);
    const toDcb = (event: BenchEvent): object => ({
      type: event.type,
      tags: Tags.from(event.tags),
      data: event.data,
      metadata: benchMetadata(event),
    });
    async function appendAt(event: BenchEvent, mark: StreamMark): Promise<StreamMark | undefined> {
      const after = SequencePosition.fromString(String(mark));
      try {
        const condition = { failIfEventsMatch: queryOf(event.stream), after };
        return BigInt((await store.append({ events: [toDcb(event)], condition })).toString());
      } catch (error) {
        if (error instanceof AppendConditionError) return undefined;
        throw error;
      }
    }
    async function readMark(stream: string): Promise<StreamMark> {
      for await (const { position } of store.read(queryOf(stream), { backwards: true, limit: 1 }))
        return BigInt(position.toString());
      return 0n;
    }
    /** As one that keeps its contexts in memory: only what is not known, or was overtaken, is read again. */
    async function appendConditionally(event: BenchEvent): Promise<StreamMark> {
      for (let mark = marks.get(event.stream); ; mark = undefined) {
        const appended = await appendAt(event, mark ?? (await readMark(event.stream)));
        if (appended === undefined) continue;
        marks.set(event.stream, appended);
        return appended;
      }
    }
    const peer: PeerStore = {
      async append(event, expected) {
        if (expected !== undefined) return appendAt(event, expected);
        if (isConditional) return appendConditionally(event);
        return BigInt((await store.append({ events: [toDcb(event)] })).toString());
      },
      appendMany: async (stream, events) => {
        const tags = Tags.from([tagOf(stream)]);
        await store.append({ events: events.map((event) => ({ ...toDcb(event), tags })) });
      },
      mark: readMark,
      async readStream(stream) {
        const events: PeerEvent[] = [];
        for await (const { event } of store.read(queryOf(stream))) events.push(event);
        return events;
      },
      async readAll(batchSize, onBatch) {
        let batch: PeerEvent[] = [];
        for await (const { event } of store.read(Query.all())) {
          batch.push(event);
          if (batch.length < batchSize) continue;
          onBatch(batch);
          batch = [];
        }
        if (batch.length > 0) onBatch(batch);
      },
      async consume(count) {
        consumers += 1;
        const handlerName = `counts_${consumers}`;
        await library.ensureHandlersInstalled(pool, [handlerName], "_handler_bookmarks");
        const done = new AbortController();
        let handled = 0;
        const add = `insert into counts as c values ('${handlerName}', $1, 1)
          on conflict (name, type) do update set count = c.count + 1`;
        const handlerFactory = (client: pg.PoolClient) => ({
          when: Object.fromEntries(
            TYPES.map((type) => [
              type,
              async () => {
                await client.query(add, [type]);
                handled += 1;
                if (handled >= count) done.abort();
              },
            ]),
          ),
        });
        const options = { pool, eventStore: store, handlerName, handlerFactory, signal: done.signal };
        await library.runHandler(options).promise;
      },
      async fill(events) {
        for (let at = 0; at < events.length; at += 1_000)
          await store.append({ events: events.slice(at, at + 1_000).map(toDcb) });
      },
      close: () => pool.end(),
    };
    return peer;
  });
}

/** Appends without a condition: nothing is checked. */
export const dcbEs: Peer = defineDcb("dcb-es", false);

/** Each append under the condition that its order has no event past the last one known: what the library is for. */
export const dcbEsConditional: Peer = defineDcb("dcb-es, with a condition", true);
