import type { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import pg from "pg";
import { type BenchEvent, benchMetadata } from "../harness/events.ts";
import { CREATE_PLAIN_TABLE, countVersions, INSERT_MANY, plainColumns } from "./bare.ts";
import { groupRows } from "./group-rows.ts";
import { loadPeer } from "./load-peer.ts";

/** What can only append, of what the append suite measures. */
export interface BareAppender {
  append(event: BenchEvent): Promise<unknown>;
  appendMany(stream: string, events: readonly BenchEvent[]): Promise<unknown>;
  fill(events: readonly BenchEvent[]): Promise<void>;
  close(): Promise<void>;
}

/** So many rows a statement at most; a bare server takes them faster in two statements at once than in one. */
const MAX_ROWS = 1_024;
const LANES = 2;

interface Row {
  event: BenchEvent;
  stream: string;
  version: bigint;
}

async function openGroups(
  databaseUrl: string,
  lanes: number,
  write: (client: pg.PoolClient, rows: readonly Row[]) => Promise<unknown>,
): Promise<BareAppender> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: lanes });
  await pool.query(CREATE_PLAIN_TABLE);
  const clients = await Promise.all(Array.from({ length: lanes }, () => pool.connect()));
  const versions = countVersions();
  const add = groupRows<Row>(lanes, MAX_ROWS, async (rows, lane) => {
    await write(clients[lane] as pg.PoolClient, rows);
  });
  async function appendMany(stream: string, events: readonly BenchEvent[]): Promise<void> {
    const first = versions.next(stream, events.length);
    await add(events.map((event, i) => ({ event, stream, version: first + BigInt(i) })));
  }
  return {
    append: (event) => appendMany(event.stream, [event]),
    appendMany,
    fill: async (events) => void (await Promise.all(events.map((event) => appendMany(event.stream, [event])))),
    async close() {
      for (const client of clients) client.release();
      await pool.end();
    },
  };
}

/** Groups by one INSERT of arrays into the plain table. */
export const openUnnest = (databaseUrl: string, lanes: number = LANES): Promise<BareAppender> =>
  openGroups(databaseUrl, lanes, (client, rows) =>
    client.query({ name: "insert many", text: INSERT_MANY, values: plainColumns(rows) }),
  );

const escapeCopy = (text: string): string => text.replaceAll("\\", "\\\\");

/** Groups by COPY into the plain table. */
export async function openCopy(databaseUrl: string, lanes: number = LANES): Promise<BareAppender> {
  const { from } = await loadPeer<{ from(text: string): Writable & pg.Submittable }>("pg-copy-streams");
  return openGroups(databaseUrl, lanes, async (client, rows) => {
    const lines = rows.map(({ event, stream, version }) =>
      [
        stream,
        version,
        event.type,
        `{${event.tags.join(",")}}`,
        JSON.stringify(event.data),
        JSON.stringify(benchMetadata(event)),
      ]
        .map(String)
        .map(escapeCopy)
        .join("\t"),
    );
    const copy = client.query(from("copy events (stream, version, type, tags, data, metadata) from stdin"));
    await pipeline([`${lines.join("\n")}\n`], copy);
  });
}
