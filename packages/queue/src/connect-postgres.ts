import {
  assertSchemaCompatibility,
  createPostgresBackend,
  LATEST_SCHEMA_VERSION,
  runMigrations,
  SchemaMigrationRequiredError,
  withBackend,
} from "bullmq";
import pg from "pg";
import {
  type Carrier,
  CONNECT_TIMEOUT_MS,
  type JobData,
  KEPT_EVENTS,
  placeOf,
  queueUnavailable,
  RETRY_DELAY_MS,
} from "./carrier.ts";

/** Where BullMQ's tables are, apart from the ledger's. They hold hints only and may be dropped at any time. */
export const QUEUE_SCHEMA = "eventchain_queue";

// A `backend` among the options would be passed over, and Redis dialled: the classes themselves must be bound to it.
const { Queue, Worker } = withBackend(createPostgresBackend);

/**
 * BullMQ takes connections from its pool without listening to their errors: one that the server cuts just then (it restarts)
 * would end the process. What comes of it, the next command tells.
 */
export class HeardClient extends pg.Client {
  constructor(config?: string | pg.ClientConfig) {
    super(config);
    this.on("error", () => undefined);
  }
}

/** The queues in a Postgres database, by BullMQ's own backend: queue names begin with `prefix-`. */
export function connectPostgres(url: string, prefix: string): Carrier {
  const place = placeOf(url, "DATABASE_URL");
  // One connection each: a worker listens on another one of its own.
  const connection = {
    connectionString: url,
    schema: QUEUE_SCHEMA,
    max: 1,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    Client: HeardClient,
    // Hints may be lost, so none of them waits for the disk.
    options: "-c synchronous_commit=off",
  };
  return {
    backend: "postgres",
    place,
    prepare: async () => {
      try {
        await migrateQueue(url);
      } catch (error) {
        throw queueUnavailable(place, error);
      }
    },
    produce: (stage) =>
      new Queue<JobData>(`${prefix}-${stage}`, { connection, streams: { events: { maxLen: KEPT_EVENTS } } }),
    consume: ({ stage, process, concurrency }) =>
      new Worker<JobData>(`${prefix}-${stage}`, process, { connection, concurrency, runRetryDelay: RETRY_DELAY_MS }),
  };
}

/**
 * Makes BullMQ's tables in a schema, `eventchain_queue` unless another is named, or brings them up to date. Needs the right
 * to create a schema only where that is still to be done.
 */
export async function migrateQueue(databaseUrl: string, schema: string = QUEUE_SCHEMA): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  client.on("error", () => undefined);
  await client.connect();
  try {
    if (await isUpToDate(client, schema)) return;
    await runMigrations(client, schema);
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function isUpToDate(client: pg.Client, schema: string): Promise<boolean> {
  try {
    return (await assertSchemaCompatibility(client, schema)) >= LATEST_SCHEMA_VERSION;
  } catch (error) {
    if (error instanceof SchemaMigrationRequiredError) return false;
    throw error;
  }
}
