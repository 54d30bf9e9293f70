import { LedgerError } from "@eventchain/core";
import pg from "pg";
import { statement } from "../load-statement.ts";
import { abandonConnection, retireConnection } from "../log/retired-connections.ts";
import { mapDatabaseError } from "../map-database-error.ts";
import type { Queryable } from "../run-rows.ts";
import type { RunSql } from "./port.ts";
import { runOwn } from "./run-own.ts";

const { escapeLiteral } = pg;
const roleSql = statement("projection-role");
const standingSql = statement("projection-standing");

/** Whom an application's SQL runs as: 0009_projections. */
const PROJECTOR = "eventchain_projector";

/** What may set anything for the session: which settings those are is not looked for. */
const SETS = /\bset_config\b/i;

/** How a connection stands in its transaction. */
interface Standing {
  /** The transaction's id. */
  transaction: string;
  user: string;
  role: string;
  path: string;
  /** For how long a statement may run. */
  timeout: string;
  /** Of its temporary tables; "0" where it never had one. */
  temporary: string;
}

/** From here to the end of the transaction statements run as the projector, in a schema alone. Gives how it stood before. */
async function becomeProjector(
  connection: Queryable,
  schemaName: string,
  timeoutMs: number | undefined,
): Promise<Standing> {
  try {
    const { rows } = await connection.query<Standing>(roleSql, [
      PROJECTOR,
      schemaName,
      timeoutMs === undefined ? null : `${timeoutMs}ms`,
    ]);
    const [before] = rows;
    if (before === undefined) throw new Error("one row without a table");
    return before;
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
 * In one message: deferred constraints; how the work left the connection; and the role and search path from before, for the
 * session too, as the work may have set them for that. Locks that the work took for the session are given back.
 */
async function becomeSelf(connection: Queryable, schemaName: string, before: Standing): Promise<void> {
  const sent = await connection.query(
    `set constraints all immediate;
     ${standingSql};
     select pg_catalog.set_config('role', ${escapeLiteral(before.role)}, false),
            pg_catalog.set_config('search_path', ${escapeLiteral(before.path)}, false),
            pg_catalog.set_config('statement_timeout', ${escapeLiteral(before.timeout)}, true),
            pg_catalog.pg_advisory_unlock_all()`,
  );
  const after = (sent as unknown as pg.QueryResult<Standing>[])[1]?.rows[0];
  if (after?.transaction !== before.transaction) {
    retireConnection(connection);
    throw unfit("ended the transaction that it ran in");
  }
  if (after.user !== PROJECTOR) throw unfit(`left the role ${PROJECTOR}`);
  if (after.path !== schemaName) throw unfit("changed search_path: say names of other schemas in full");
  // The next one's plain names would mean them.
  if (after.temporary !== before.temporary) retireConnection(connection);
}

function unfit(what: string): LedgerError {
  return new LedgerError("projection-failed", `a statement of the projection ${what}`);
}

/**
 * Runs work on the tables of a schema, in the transaction that the connection has, and ends with the connection's own
 * user. Deferred constraints are checked at its end, so that what breaks them fails here and not in the commit. Where it
 * throws, the transaction is to be rolled back. Errors of the work's statements are the driver's; LedgerError
 * `projection-failed` where they left the role, the search path or the transaction.
 * Where it throws while a statement of its still runs, the connection is closed without waiting for that.
 * @param timeoutMs after so long each statement is ended; default: as the connection is set up
 */
export async function runProjector<T>(
  connection: Queryable,
  schemaName: string,
  work: (run: RunSql) => Promise<T>,
  timeoutMs?: number,
): Promise<T> {
  const before = await becomeProjector(connection, schemaName, timeoutMs);
  let running = 0;
  const run = async <Row extends object>(text: string, values: readonly unknown[]): Promise<Row[]> => {
    if (SETS.test(text)) retireConnection(connection);
    running += 1;
    try {
      return await runOwn<Row>(connection, text, values);
    } finally {
      running -= 1;
    }
  };
  const result = await work(run).catch((error: unknown) => {
    if (running > 0) abandonConnection(connection);
    throw error;
  });
  await becomeSelf(connection, schemaName, before);
  return result;
}
