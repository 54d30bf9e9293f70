import { LedgerError } from "@eventchain/core";
import type pg from "pg";
import { statement } from "../load-statement.ts";
import { mapDatabaseError } from "../map-database-error.ts";
import { isAbandoned, isRetired } from "./retired-connections.ts";

/** A pool, or the connection that a transaction holds. */
export type Queryable = Pick<pg.Pool, "query">;

/** After so long without a statement Postgres ends a transaction: a worker that stopped dead gives its locks back. */
const IDLE_TIMEOUT_MS = 60_000;
const beginSql = statement("log-begin");

/** Ends a transaction, and gives back what locks an application's own SQL took for the session. */
export const ROLLBACK = "rollback; select pg_catalog.pg_advisory_unlock_all()";

/** One statement's rows. Errors: LedgerError, as `mapDatabaseError` names them. */
export async function runQuery<Row extends pg.QueryResultRow>(
  database: Queryable,
  text: string,
  values: unknown[] = [],
): Promise<Row[]> {
  try {
    return (await database.query<Row>(text, values)).rows;
  } catch (error) {
    throw mapDatabaseError(error);
  }
}

/** How many rows a statement wrote. */
export async function runWrite(database: Queryable, text: string, values: unknown[]): Promise<number> {
  try {
    return (await database.query(text, values)).rowCount ?? 0;
  } catch (error) {
    throw mapDatabaseError(error);
  }
}

/** Commits. Errors: LedgerError `database-failed` where Postgres rolls back instead, as after a failed statement. */
export async function commit(connection: Queryable): Promise<void> {
  const { command } = await connection.query("commit").catch((error: unknown) => {
    throw mapDatabaseError(error);
  });
  if (command !== "COMMIT") throw new LedgerError("database-failed", "the transaction had failed, and was rolled back");
}

/**
 * Runs `work` in one transaction on one connection and commits it; what `work` throws rolls it back and is thrown on.
 * READ COMMITTED is asked for by name, unless one snapshot is: what follows a lock must see what was committed before it. The commit waits for
 * the disk, and for synchronous standbys, even where the database's default does not: a head must not be sent to a
 * chain before the database is sure to keep it.
 * @param settingsSql what is set for the transaction instead, where the disk need not be waited for.
 */
export async function runTransaction<T>(
  pool: pg.Pool,
  work: (connection: Queryable) => Promise<T>,
  isolation: "read committed" | "repeatable read" = "read committed",
  settingsSql: string = beginSql,
): Promise<T> {
  const connection = await pool.connect().catch((error: unknown) => {
    throw mapDatabaseError(error);
  });
  let lost: Error | undefined;
  // Between two statements a lost connection speaks through this event only; the next statement then fails too.
  const onError = (error: Error): void => {
    lost = error;
  };
  connection.on("error", onError);
  try {
    await runQuery(connection, `begin isolation level ${isolation}`);
    await runQuery(connection, settingsSql, [`${IDLE_TIMEOUT_MS}ms`]);
    const result = await work(connection);
    await commit(connection);
    return result;
  } catch (error) {
    // On a connection that has gone silent a rollback would only wait in its turn: closing it does the same.
    if (error instanceof LedgerError && error.code === "database-unavailable") lost = error;
    else if (isAbandoned(connection)) lost = new Error("a statement still runs", { cause: error });
    else await connection.query(ROLLBACK).catch((failure: Error) => (lost = failure));
    throw error;
  } finally {
    connection.off("error", onError);
    connection.release(lost ?? isRetired(connection));
  }
}
