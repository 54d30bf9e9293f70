import { LedgerError } from "@eventchain/core";
import type pg from "pg";
import type { AccessScope } from "../port.ts";
import { statement } from "./load-statement.ts";
import { isConnectionLoss, mapDatabaseError } from "./map-database-error.ts";
import { itemsOf } from "./query-events.ts";
import { type Queryable, queryRows, queryTexts } from "./run-rows.ts";

const beginSql = statement("restricted-begin");
const restrictSql = statement("restrict");

/** An access as a query in JSON; null where it hides nothing. */
export function accessJson({ access }: AccessScope): string | null {
  const items = itemsOf(access);
  return items === undefined ? null : JSON.stringify(items);
}

/**
 * One statement's rows, read with a scope's row-level security where it asks for that: a transaction of one connection
 * that takes the role `eventchain_viewer`. The statement sets the access by itself as well.
 *
 * Errors: `database-refused` where the user may not take the role, and those of the database.
 */
export function runScoped<Row>(
  pool: pg.Pool,
  ledgerId: bigint,
  scope: AccessScope,
  text: string,
  values: readonly unknown[],
): Promise<Row[]> {
  return queryScoped(pool, ledgerId, scope, (database) => queryRows(database, text, values));
}

/** As `runScoped`, each row a list of its columns in Postgres's own text. */
export function runScopedTexts(
  pool: pg.Pool,
  ledgerId: bigint,
  scope: AccessScope,
  text: string,
  values: readonly unknown[],
): Promise<(string | null)[][]> {
  return queryScoped(pool, ledgerId, scope, (database) => queryTexts(database, text, values));
}

async function queryScoped<Row>(
  pool: pg.Pool,
  ledgerId: bigint,
  scope: AccessScope,
  query: (database: Queryable) => Promise<Row[]>,
): Promise<Row[]> {
  if (scope.rowSecurity !== true) {
    return query(pool).catch((error: unknown) => {
      throw mapDatabaseError(error);
    });
  }
  const connection = await pool.connect().catch((error: unknown) => {
    throw mapDatabaseError(error);
  });
  let broken = false;
  const onError = (): void => {
    broken = true;
  };
  connection.on("error", onError);
  try {
    await connection.query(beginSql);
    await restrict(connection, ledgerId, accessJson(scope) ?? '"all"');
    const rows = await query(connection);
    await connection.query("commit");
    return rows;
  } catch (error) {
    broken ||= isConnectionLoss(error);
    // What cannot be rolled back must not be used again: it may still have the role.
    if (!broken) await connection.query("rollback").catch(onError);
    throw mapDatabaseError(error);
  } finally {
    connection.off("error", onError);
    connection.release(broken);
  }
}

async function restrict(connection: pg.PoolClient, ledgerId: bigint, access: string): Promise<void> {
  try {
    await connection.query(restrictSql, [ledgerId, access]);
  } catch (error) {
    if ((error as { code?: unknown }).code !== "42501") throw error;
    throw new LedgerError(
      "database-refused",
      "row-level security: this database user may not take the role eventchain_viewer. " +
        "Let an administrator run: grant eventchain_viewer to the user that this program connects as",
      { cause: error, values: { role: "eventchain_viewer" } },
    );
  }
}
