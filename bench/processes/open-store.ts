import { connect } from "@eventchain/ledger";
import pg from "pg";
import { type BenchEvent, benchMetadata } from "../harness/events.ts";
import { appendEvent, createLedgers } from "../harness/fill-ledger.ts";
import { castore } from "../peers/castore.ts";
import { dcbEs, dcbEsConditional } from "../peers/dcb-es.ts";
import { emmett } from "../peers/emmett.ts";
import { messageDb, messageDbSpread } from "../peers/message-db.ts";
import type { Peer } from "../peers/types.ts";

/** What one process of several appends to. */
export interface ProcessStore {
  append(event: BenchEvent): Promise<unknown>;
  close(): Promise<void>;
}

export const OURS = "eventchain";
export const BARE = "insert, one row";
export const PEERS: readonly Peer[] = [castore, dcbEs, dcbEsConditional, emmett, messageDb, messageDbSpread];

const ORIGIN = "processes.bench";

const CREATE_TABLE = `create table events (
  position bigint generated always as identity primary key, stream text not null, version bigint not null,
  type text not null, tags text[] not null, data json not null, metadata json not null, unique (stream, version)
)`;
const INSERT = `insert into events (stream, version, type, tags, data, metadata)
  select $1, coalesce(max(version), 0) + 1, $2, $3::text[], $4::json, $5::json from events where stream = $1
  on conflict do nothing`;

/** Makes a contender's tables in an empty database: before its processes start. */
export async function installStore(name: string, databaseUrl: string): Promise<void> {
  if (name === OURS) {
    await createLedgers(databaseUrl, ORIGIN);
  } else if (name === BARE) {
    const client = new pg.Client({ connectionString: databaseUrl });
    await client.connect();
    await client.query(CREATE_TABLE);
    await client.end();
  } else {
    const store = await peerOf(name).open(databaseUrl, { connections: 1 });
    await store.close();
  }
}

/** Opens a contender whose tables are there, for so many callers. */
export async function openStore(name: string, databaseUrl: string, callers: number): Promise<ProcessStore> {
  if (name === OURS) {
    const connection = await connect({ database: databaseUrl });
    const ledger = await connection.ledger(ORIGIN);
    return { append: (event) => appendEvent(ledger, event), close: () => connection.close() };
  }
  if (name === BARE) return openBare(databaseUrl, callers);
  return peerOf(name).open(databaseUrl, { connections: callers, isInstalled: true });
}

function peerOf(name: string): Peer {
  const peer = PEERS.find((each) => each.name === name);
  if (peer === undefined) throw new Error(`there is no contender ${name}`);
  return peer;
}

/** Other processes append to the same streams: a version that is taken meanwhile is sought again. */
function openBare(databaseUrl: string, callers: number): ProcessStore {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: callers });
  return {
    async append(event) {
      const { stream, type, tags, data } = event;
      const values = [stream, type, tags, JSON.stringify(data), JSON.stringify(benchMetadata(event))];
      while ((await pool.query({ name: "insert", text: INSERT, values })).rowCount !== 1);
    },
    close: () => pool.end(),
  };
}
