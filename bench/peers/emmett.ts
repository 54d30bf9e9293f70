import pg from "pg";
import { type BenchEvent, benchMetadata } from "../harness/events.ts";
import { CREATE_COUNTS, countByType } from "./count-by-type.ts";
import { definePeer } from "./define-peer.ts";
import { loadPeer } from "./load-peer.ts";
import type { Peer, PeerEvent, PeerStore } from "./types.ts";

const PACKAGE = "@event-driven-io/emmett-postgresql";
/** On two cores 10 and 32 connections were measured alike. */
const CONNECTIONS = 10;
/** Of a consumer: its default of 100 every 50 ms would bound it at 2,000 events/s. */
const PULL_BATCH = 1_000;

interface EmmettPostgres {
  getPostgreSQLEventStore(url: string, options: { connectionOptions: { pool: pg.Pool } }): EmmettStore;
  readMessagesBatch(
    execute: unknown,
    options: { after: bigint; batchSize: number },
  ): Promise<{ messages: PeerEvent[]; currentGlobalPosition: bigint }>;
  postgreSQLRawBatchSQLProjection(options: {
    name: string;
    canHandle: readonly string[];
    init: () => unknown;
    evolve: (events: readonly PeerEvent[]) => unknown[];
  }): unknown;
}
interface EmmettStore {
  schema: { migrate(): Promise<unknown> };
  appendToStream(
    stream: string,
    events: readonly PeerEvent[],
    options?: { expectedStreamVersion: bigint },
  ): Promise<{ nextExpectedStreamVersion: bigint }>;
  readStream(
    stream: string,
    options?: { from: bigint },
  ): Promise<{ events: readonly PeerEvent[]; currentStreamVersion: bigint }>;
  consumer(options: object): { projector(options: object): unknown; start(): Promise<void>; stop(): Promise<void> };
  close(): Promise<void>;
}
interface Dumbo {
  dumbo(options: { connectionString: string; pool: pg.Pool }): { execute: unknown };
  SQL(parts: TemplateStringsArray, ...values: unknown[]): unknown;
}

const toEmmett = (event: BenchEvent): PeerEvent => ({
  type: event.type,
  data: event.data,
  metadata: benchMetadata(event),
});

const TYPES = ["OrderPlaced", "OrderPacked", "OrderShipped", "OrderDelivered", "OrderReturned"];

export const emmett: Peer = definePeer("emmett", PACKAGE, async (databaseUrl, options = {}) => {
  const { connections = CONNECTIONS, isInstalled = false } = options;
  const [library, { isExpectedVersionConflictError }, { dumbo, SQL }] = await Promise.all([
    loadPeer<EmmettPostgres>(PACKAGE),
    loadPeer<{ isExpectedVersionConflictError(error: unknown): boolean }>("@event-driven-io/emmett"),
    loadPeer<Dumbo>("@event-driven-io/dumbo"),
  ]);
  const pool = new pg.Pool({ connectionString: databaseUrl, max: connections });
  const store = library.getPostgreSQLEventStore(databaseUrl, { connectionOptions: { pool } });
  if (!isInstalled) {
    await store.schema.migrate();
    await pool.query(CREATE_COUNTS);
  }
  const { execute } = dumbo({ connectionString: databaseUrl, pool });
  let consumers = 0;
  /** It refuses one of two at once on a stream even where no version is expected: again, as its command handler does. */
  async function appendAnyhow(stream: string, events: readonly BenchEvent[]): Promise<bigint> {
    while (true) {
      try {
        return (await store.appendToStream(stream, events.map(toEmmett))).nextExpectedStreamVersion;
      } catch (error) {
        if (!isExpectedVersionConflictError(error)) throw error;
      }
    }
  }
  const peer: PeerStore = {
    async append(event, expected) {
      if (expected === undefined) return appendAnyhow(event.stream, [event]);
      try {
        const options = { expectedStreamVersion: expected };
        return (await store.appendToStream(event.stream, [toEmmett(event)], options)).nextExpectedStreamVersion;
      } catch (error) {
        if (isExpectedVersionConflictError(error)) return undefined;
        throw error;
      }
    },
    appendMany: async (stream, events) => void (await appendAnyhow(stream, events)),
    // Its own answer reads the whole stream; this is the row that its append locks.
    mark: async (stream) => {
      const { rows } = await pool.query<{ stream_position: string }>(
        "select stream_position from emt_streams where stream_id = $1 and not is_archived",
        [stream],
      );
      return BigInt(rows[0]?.stream_position ?? 0);
    },
    readStream: async (stream) => (await store.readStream(stream)).events,
    async readAll(batchSize, onBatch) {
      let after = 0n;
      while (true) {
        const { messages, currentGlobalPosition } = await library.readMessagesBatch(execute, { after, batchSize });
        if (messages.length === 0) return;
        onBatch(messages);
        after = currentGlobalPosition;
      }
    },
    async consume() {
      consumers += 1;
      const name = `counts_${consumers}`;
      const projection = library.postgreSQLRawBatchSQLProjection({
        name,
        canHandle: TYPES,
        init: () => undefined,
        evolve: (events) =>
          [...countByType(events)].map(
            ([type, count]) => SQL`insert into counts as c values (${name}, ${type}, ${count})
                on conflict (name, type) do update set count = c.count + excluded.count`,
          ),
      });
      const consumer = store.consumer({
        stopWhen: { noMessagesLeft: true },
        pulling: { batchSize: PULL_BATCH, pullingFrequencyInMs: 1 },
      });
      consumer.projector({ processorId: name, projection });
      await consumer.start();
      await consumer.stop();
    },
    // One caller: what several append at once, its reads by batches skip or give twice. All events of a stream together.
    async fill(events) {
      for (const [stream, own] of Map.groupBy(events, (event) => event.stream)) await peer.appendMany(stream, own);
    },
    async close() {
      await store.close();
      if (!pool.ended) await pool.end();
    },
  };
  return peer;
});
