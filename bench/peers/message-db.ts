import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { type BenchEvent, benchMetadata } from "../harness/events.ts";
import { definePeer } from "./define-peer.ts";
import { peerFolder } from "./load-peer.ts";
import { runCallers } from "./run-callers.ts";
import type { Peer, PeerEvent, PeerStore } from "./types.ts";

const PACKAGE = "@eventide/message-db";
const CONNECTIONS = 10;
const WRONG_VERSION = /Wrong expected version/;

/** In the order of its install.sh; the role and its privileges are left out, which a superuser does not need. */
const FILES = [
  "schema/message-store",
  "extensions/pgcrypto",
  "tables/messages",
  "types/message",
  ...["message-store-version", "hash-64", "acquire-lock", "category", "is-category", "id", "cardinal-id"].map(
    inFunctions,
  ),
  ...["stream-version", "write-message", "get-stream-messages", "get-category-messages"].map(inFunctions),
  "functions/get-last-stream-message",
  ...["messages-id", "messages-stream", "messages-category"].map((name) => `indexes/${name}`),
];

function inFunctions(name: string): string {
  return `functions/${name}`;
}

const WRITE = "select write_message($1, $2, $3, $4::jsonb, $5::jsonb, $6) as position";
const WRITE_MANY = `select count(write_message(m.id, $1, m.type, m.data::jsonb, m.metadata::jsonb, null))
  from unnest($2::text[], $3::text[], $4::text[], $5::text[]) as m(id, type, data, metadata)`;

interface MessageRow {
  type: string;
  data: string;
  metadata: string;
  global_position: string;
}

const decode = ({ type, data, metadata }: MessageRow): PeerEvent => ({
  type,
  data: JSON.parse(data),
  metadata: JSON.parse(metadata),
});

/** The category of a stream is what stands before its first hyphen, and what a write locks. */
function defineMessageDb(name: string, nameOf: (stream: string) => string, category: string | undefined): Peer {
  return definePeer(name, PACKAGE, async (databaseUrl, { connections = CONNECTIONS, isInstalled = false } = {}) => {
    const pool = new pg.Pool({
      connectionString: databaseUrl,
      max: connections,
      // Its functions name each other without a schema.
      options: "-c search_path=message_store,public",
    });
    for (const file of isInstalled ? [] : FILES)
      await pool.query(readFileSync(join(peerFolder(PACKAGE), "database", `${file}.sql`), "utf8"));
    const parametersOf = (event: BenchEvent, stream: string, expected: bigint | null): unknown[] => [
      randomUUID(),
      nameOf(stream),
      event.type,
      JSON.stringify(event.data),
      JSON.stringify(benchMetadata(event)),
      // It counts from 0, and -1 is before the first one.
      expected === null ? null : expected - 1n,
    ];
    async function write(values: unknown[]): Promise<bigint> {
      const { rows } = await pool.query<{ position: string }>({ name: "write", text: WRITE, values });
      return BigInt(rows[0]?.position ?? 0) + 1n;
    }
    const peer: PeerStore = {
      async append(event, expected) {
        try {
          return await write(parametersOf(event, event.stream, expected ?? null));
        } catch (error) {
          if (expected !== undefined && WRONG_VERSION.test((error as Error).message)) return undefined;
          throw error;
        }
      },
      // It writes one message a call: here all calls are one statement, and so one transaction and one round trip.
      async appendMany(stream, events) {
        const rows = events.map((event) => parametersOf(event, stream, null));
        const column = (i: number): unknown[] => rows.map((row) => row[i]);
        await pool.query({
          name: "write many",
          text: WRITE_MANY,
          values: [nameOf(stream), ...[0, 2, 3, 4].map(column)],
        });
      },
      async mark(stream) {
        const text = "select stream_version($1) as position";
        const { rows } = await pool.query<{ position: string | null }>({
          name: "mark",
          text,
          values: [nameOf(stream)],
        });
        const position = rows[0]?.position;
        return position === null || position === undefined ? 0n : BigInt(position) + 1n;
      },
      async readStream(stream) {
        // Without -1 it gives the first 1,000.
        const text = "select type, data, metadata from get_stream_messages($1, 0, -1)";
        return (await pool.query<MessageRow>({ name: "stream", text, values: [nameOf(stream)] })).rows.map(decode);
      },
      fill: (events) => runCallers(connections * 2, events, (event) => peer.append(event)),
      close: () => pool.end(),
    };
    if (category === undefined) return peer;
    return {
      ...peer,
      async readAll(batchSize, onBatch) {
        const text = "select type, data, metadata, global_position from get_category_messages($1, $2, $3)";
        let next = 1n;
        while (true) {
          const { rows } = await pool.query<MessageRow>({ name: "all", text, values: [category, next, batchSize] });
          const last = rows.at(-1);
          if (last === undefined) return;
          onBatch(rows.map(decode));
          next = BigInt(last.global_position) + 1n;
        }
      },
    };
  });
}

/** All orders in one category, as its documentation names streams: writes to it are one after the other. */
export const messageDb: Peer = defineMessageDb("message-db", (stream) => stream, "order");

/** The same streams spread over 256 categories, so that writes seldom wait for each other. */
export const messageDbSpread: Peer = defineMessageDb(
  "message-db, 256 categories",
  (stream) => `order_${Number(stream.split("-")[1] ?? 0) % 256}-${stream}`,
  undefined,
);
