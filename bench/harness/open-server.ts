import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startPostgres } from "@eventchain/devstack";
import pg from "pg";

/**
 * Of the server that is started for a run: room as a production server has it, durable, and the rest PostgreSQL's own
 * defaults (the last two take back what the developers' stack saves).
 */
const SERVER_SETTINGS: Readonly<Record<string, string>> = {
  shared_buffers: "1GB",
  max_wal_size: "4GB",
  min_wal_size: "2GB",
  max_connections: "300",
  synchronous_commit: "on",
  io_method: "worker",
  max_parallel_workers_per_gather: "2",
};

export interface BenchServer {
  url: string;
  /** A folder on the disk that the server writes to, as far as that is known. */
  dir: string;
  /** True where it was started for this run. */
  isOwn: boolean;
  createDatabase(name: string): Promise<string>;
  /** Drops what was created; ends a server of our own and removes its data. */
  close(): Promise<void>;
}

/** The server at DATABASE_URL, else one of our own with its data in a new folder of TMPDIR. */
export async function openServer(databaseUrl: string | undefined): Promise<BenchServer> {
  if (databaseUrl !== undefined) return onServer(databaseUrl, tmpdir(), false, async () => undefined);
  const dir = await mkdtemp(join(tmpdir(), "eventchain-bench-"));
  const remove = (): Promise<void> => rm(dir, { recursive: true, force: true });
  try {
    const postgres = await startPostgres({ dir, settings: SERVER_SETTINGS });
    await prepareWal(postgres.url);
    return onServer(postgres.url, dir, true, async () => {
      await postgres.stop();
      await remove();
    });
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Of 16 MiB each: as many as `min_wal_size` keeps. */
const WAL_SEGMENTS = 128;

/**
 * Fills segments of the WAL and lets a checkpoint recycle them. A server that runs for long writes to recycled segments; a
 * new one makes each anew, 16 MiB of zeros and an fsync, which falls upon whoever writes most.
 */
async function prepareWal(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (let i = 0; i < WAL_SEGMENTS; i += 1)
      await client.query("select pg_logical_emit_message(false, 'bench', ''), pg_switch_wal()");
    await client.query("checkpoint");
  } finally {
    await client.end();
  }
}

function onServer(serverUrl: string, dir: string, isOwn: boolean, end: () => Promise<void>): BenchServer {
  const run = randomBytes(4).toString("hex");
  const created: string[] = [];
  async function ask(statement: string): Promise<void> {
    const client = new pg.Client({ connectionString: serverUrl });
    await client.connect();
    try {
      await client.query(statement);
    } finally {
      await client.end();
    }
  }
  return {
    url: serverUrl,
    dir,
    isOwn,
    async createDatabase(name) {
      const database = `bench_${run}_${created.length}_${name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "_")}`.slice(
        0,
        63,
      );
      await ask(`create database ${database}`);
      created.push(database);
      const url = new URL(serverUrl);
      url.pathname = `/${database}`;
      return url.toString();
    },
    async close() {
      // A server of our own goes with all it has.
      // Without force at first: a pool that has just been ended may have connections that still take their leave.
      if (!isOwn)
        for (const database of created)
          await ask(`drop database if exists ${database}`).catch(() =>
            ask(`drop database if exists ${database} with (force)`),
          );
      await end();
    },
  };
}
