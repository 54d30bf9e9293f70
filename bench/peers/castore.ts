import { type BenchEvent, benchMetadata } from "../harness/events.ts";
import { definePeer } from "./define-peer.ts";
import { loadPeer } from "./load-peer.ts";
import { runCallers } from "./run-callers.ts";
import type { Peer, PeerEvent, PeerStore } from "./types.ts";

const PACKAGE = "@castore/event-storage-adapter-postgres";
const STORE_ID = "orders";

interface Adapter {
  _sql: { end(): Promise<void> };
}
interface AdapterClass {
  new (options: { connectionString: string }): Adapter;
  createEventTable(options: {
    connectionString: string;
    aggregateId: { type: "VARCHAR"; length: number };
  }): Promise<unknown>;
}
interface EventDetail {
  aggregateId: string;
  version: number;
  type: string;
  payload: unknown;
  metadata: unknown;
}
interface CastoreStore {
  pushEvent(detail: EventDetail): Promise<unknown>;
  groupEvent(detail: EventDetail): unknown;
  getEvents(aggregateId: string, options?: { reverse: boolean; limit: number }): Promise<{ events: EventDetail[] }>;
}
interface Castore {
  EventStore: {
    new (options: object): CastoreStore;
    pushEventGroup(...events: unknown[]): Promise<unknown>;
  };
}

const isTaken = (error: unknown): boolean => (error as { code?: string }).code === "EventAlreadyExistsError";

function detailOf(event: BenchEvent, version: number, aggregateId: string = event.stream): EventDetail {
  return { aggregateId, version, type: event.type, payload: event.data, metadata: benchMetadata(event) };
}

/**
 * Castore has no append without a version: here a caller knows it from the last append, as one that keeps its aggregates
 * in memory would, and asks only for what it does not know or finds taken. Its pool has 10 connections and no option for
 * more. It has no read over all aggregates and no consumer.
 */
export const castore: Peer = definePeer("castore", PACKAGE, async (databaseUrl, { isInstalled = false } = {}) => {
  const [{ PostgresEventStorageAdapter }, { EventStore }] = await Promise.all([
    loadPeer<{ PostgresEventStorageAdapter: AdapterClass }>(PACKAGE),
    loadPeer<Castore>("@castore/core"),
  ]);
  const connectionString = databaseUrl;
  if (!isInstalled)
    await PostgresEventStorageAdapter.createEventTable({
      connectionString,
      aggregateId: { type: "VARCHAR", length: 64 },
    });
  const adapter = new PostgresEventStorageAdapter({ connectionString });
  const store = new EventStore({
    eventStoreId: STORE_ID,
    eventTypes: [],
    reducer: (state: unknown) => state,
    eventStorageAdapter: adapter,
  });
  const versions = new Map<string, number>();
  const readVersion = async (stream: string): Promise<number> => {
    const { events } = await store.getEvents(stream, { reverse: true, limit: 1 });
    return Number(events[0]?.version ?? 0);
  };
  /** The versions from here on are taken by this caller. */
  const take = async (stream: string, count: number): Promise<number> => {
    const known = versions.get(stream) ?? (await readVersion(stream));
    // Another caller may have come by while this one read.
    const last = Math.max(known, versions.get(stream) ?? 0);
    versions.set(stream, last + count);
    return last + 1;
  };
  async function appendAnyhow(stream: string, events: readonly BenchEvent[]): Promise<bigint> {
    while (true) {
      const first = await take(stream, events.length);
      const details = events.map((event, i) => detailOf(event, first + i, stream));
      try {
        if (details.length === 1) await store.pushEvent(details[0] as EventDetail);
        else await EventStore.pushEventGroup(...details.map((detail) => store.groupEvent(detail)));
        return BigInt(first + events.length - 1);
      } catch (error) {
        if (!isTaken(error)) throw error;
        versions.set(stream, await readVersion(stream));
      }
    }
  }
  const peer: PeerStore = {
    async append(event, expected) {
      if (expected === undefined) return appendAnyhow(event.stream, [event]);
      try {
        await store.pushEvent(detailOf(event, Number(expected) + 1));
        return expected + 1n;
      } catch (error) {
        if (isTaken(error)) return undefined;
        throw error;
      }
    },
    appendMany: async (stream, events) => void (await appendAnyhow(stream, events)),
    mark: async (stream) => BigInt(await readVersion(stream)),
    readStream: async (stream) =>
      (await store.getEvents(stream)).events.map(
        ({ type, payload, metadata }): PeerEvent => ({ type, data: payload, metadata }),
      ),
    fill: (events) => runCallers(20, events, (event) => peer.append(event)),
    close: () => adapter._sql.end(),
  };
  return peer;
});
