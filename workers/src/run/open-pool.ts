import pg from "pg";

/** An answer that takes longer than this comes from a connection gone silent: no statement of the workers takes so long. */
const QUERY_TIMEOUT_MS = 120_000;

/** A pool that gives up a server that is silent. @param databaseUrl postgres:// URL @param max connections at most */
export function openPool(databaseUrl: string, max: number): pg.Pool {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    query_timeout: QUERY_TIMEOUT_MS,
  });
  // A connection that is lost is replaced at the next statement. The pool hears it only while the connection is idle, and
  // between a new one's first answer and its first user nobody does: unheard, it would end the process.
  pool.on("error", () => undefined);
  pool.on("connect", (client) => client.on("error", () => undefined));
  return pool;
}
