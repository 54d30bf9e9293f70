import { LedgerError } from "@eventchain/core";
import { statement } from "../load-statement.ts";
import { mapDatabaseError } from "../map-database-error.ts";
import type { Queryable } from "../run-rows.ts";
import type { RunSql } from "./port.ts";
import { runOwn } from "./run-own.ts";

const roleSql = statement("projection-role");

/** Whom an application's SQL runs as: 0009_projections. */
const PROJECTOR = "eventchain_projector";

/** One message: deferred constraints, then the connection's own user again. Plain names are nobody's then. */
const END = "set constraints all immediate; set local role none; set local search_path = pg_catalog";

/** From here to the end of the transaction statements run as the projector, in a schema alone. */
async function becomeProjector(connection: Queryable, schemaName: string): Promise<void> {
  try {
    await connection.query(roleSql, [PROJECTOR, schemaName]);
  } catch (error) {
    if ((error as { code?: unknown }).code !== "42501") throw mapDatabaseError(error);
    throw new LedgerError(
      "database-refused",
      `projections: this database user may not take the role ${PROJECTOR}. Let an administrator run: ` +
        `grant ${PROJECTOR} to the user that this program connects as`,
      { cause: error, values: { role: PROJECTOR } },
    );
  }
}

/**
 * Runs work on the tables of a schema, in the transaction that the connection has, and ends with the connection's own
 * user. Deferred constraints are checked at its end, so that what breaks them fails here and not in the commit. Where it
 * throws, the transaction is to be rolled back. Errors of the work's statements are the driver's.
 */
export async function runProjector<T>(
  connection: Queryable,
  schemaName: string,
  work: (run: RunSql) => Promise<T>,
): Promise<T> {
  await becomeProjector(connection, schemaName);
  const result = await work((text, values) => runOwn(connection, text, values));
  await connection.query(END);
  return result;
}
