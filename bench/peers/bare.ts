import pg from "pg";
import { type BenchEvent, benchMetadata } from "../harness/events.ts";
import { ADD_COUNTS, CREATE_COUNTS, countByType } from "./count-by-type.ts";
import { runCallers } from "./run-callers.ts";
import type { Peer, PeerEvent, PeerStore } from "./types.ts";

const CONNECTIONS = 32;

/** The least that can be called a table of events: two indexes, of which one keeps versions apart. */
export const CREATE_PLAIN_TABLE = `create table events (
  position bigint generated always as identity primary key,
  stream   text not null,
  version  bigint not null,
  type     text not null,
  tags     text[] not null,
  data     json not null,
  metadata json not null,
  unique (stream, version)
)`;

const INSERT = `insert into events (stream, version, type, tags, data, metadata)
  values ($1, $2, $3, $4::text[], $5::json, $6::json) on conflict do nothing`;

/** Rows of many events at once: streams, versions, types, tags (each the text of a list), data and metadata. */
export const INSERT_MANY = `insert into events (stream, version, type, tags, data, metadata)
  select e.stream, e.version, e.type, e.tags::text[], e.data::json, e.metadata::json
    from unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[])
      as e(stream, version, type, tags, data, metadata)`;

/** The version of each stream that was given out last, in the memory of the one process that appends. */
export function countVersions(): {
  /** The first of so many versions, which are then taken. */
  next(stream: string, count?: number): bigint;
  /** All up to this one are taken. */
  raise(stream: string, version: bigint): void;
} {
  const versions = new Map<string, bigint>();
  const last = (stream: string): bigint => versions.get(stream) ?? 0n;
  return {
    raise(stream, version) {
      if (version > last(stream)) versions.set(stream, version);
    },
    next(stream, count = 1) {
      const version = last(stream);
      versions.set(stream, version + BigInt(count));
      return version + 1n;
    },
  };
}

/** The parameters of INSERT_MANY. */
export function plainColumns(rows: readonly { event: BenchEvent; stream: string; version: bigint }[]): unknown[] {
  return [
    rows.map(({ stream }) => stream),
    rows.map(({ version }) => version),
    rows.map(({ event }) => event.type),
    rows.map(({ event }) => `{${event.tags.join(",")}}`),
    rows.map(({ event }) => JSON.stringify(event.data)),
    rows.map(({ event }) => JSON.stringify(benchMetadata(event))),
  ];
}

/** A bare table and the driver: no library. What is known of a stream's version is its caller's memory. */
export const bare: Peer = {
  name: "insert, one row",
  version: undefined,
  skip: undefined,
  async open(databaseUrl, { connections = CONNECTIONS } = {}) {
    const pool = new pg.Pool({ connectionString: databaseUrl, max: connections });
    await pool.query(CREATE_PLAIN_TABLE);
    await pool.query(CREATE_COUNTS);
    const versions = countVersions();
    let consumers = 0;
    async function insert(event: BenchEvent, version: bigint): Promise<boolean> {
      const { stream, type, tags, data } = event;
      const values = [stream, version, type, tags, JSON.stringify(data), JSON.stringify(benchMetadata(event))];
      return (await pool.query({ name: "insert", text: INSERT, values })).rowCount === 1;
    }
    /** All events by a cursor, decoded by the driver. */
    async function read(
      batchSize: number,
      onBatch: (events: readonly PeerEvent[], client: pg.PoolClient) => Promise<void> | void,
      limit?: number,
    ): Promise<void> {
      const client = await pool.connect();
      try {
        await client.query("begin");
        await client.query(
          `declare reading no scroll cursor for select position, stream, version, type, tags, data, metadata
             from events order by position limit ${limit ?? "all"}`,
        );
        while (true) {
          const { rows } = await client.query<PeerEvent>(`fetch ${batchSize} from reading`);
          if (rows.length === 0) break;
          await onBatch(rows, client);
        }
        await client.query("commit");
        client.release();
      } catch (error) {
        client.release(true);
        throw error;
      }
    }
    const peer: PeerStore = {
      async append(event, expected) {
        if (expected !== undefined) return (await insert(event, expected + 1n)) ? expected + 1n : undefined;
        const version = versions.next(event.stream);
        if (!(await insert(event, version))) throw new Error(`version ${version} of ${event.stream} is taken`);
        return version;
      },
      async appendMany(stream, events) {
        const first = versions.next(stream, events.length);
        const rows = events.map((event, i) => ({ event, stream, version: first + BigInt(i) }));
        await pool.query({ name: "insert many", text: INSERT_MANY, values: plainColumns(rows) });
      },
      async mark(stream) {
        const text = "select version from events where stream = $1 order by version desc limit 1";
        const { rows } = await pool.query<{ version: string }>({ name: "mark", text, values: [stream] });
        return BigInt(rows[0]?.version ?? 0);
      },
      async readStream(stream) {
        const text = `select position, stream, version, type, tags, data, metadata from events
          where stream = $1 order by version`;
        return (await pool.query<PeerEvent>({ name: "stream", text, values: [stream] })).rows;
      },
      readAll: (batchSize, onBatch) => read(batchSize, (events) => onBatch(events)),
      async consume(count) {
        consumers += 1;
        const name = `counts_${consumers}`;
        const addCounts = async (events: readonly PeerEvent[], client: pg.PoolClient): Promise<void> => {
          const counts = countByType(events);
          await client.query(ADD_COUNTS, [name, [...counts.keys()], [...counts.values()]]);
        };
        await read(1_000, addCounts, count);
      },
      async fill(events) {
        const batches = Array.from({ length: Math.ceil(events.length / 1_000) }, (_, i) =>
          events.slice(i * 1_000, (i + 1) * 1_000),
        );
        await runCallers(2, batches, async (batch) => {
          const rows = batch.map((event) => ({ event, stream: event.stream, version: versions.next(event.stream) }));
          await pool.query({ name: "insert many", text: INSERT_MANY, values: plainColumns(rows) });
        });
      },
      close: () => pool.end(),
    };
    return peer;
  },
};
