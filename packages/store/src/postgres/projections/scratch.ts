import { LedgerError } from "@eventchain/core";
import type pg from "pg";
import { statement } from "../load-statement.ts";
import { runTransaction } from "../log/run-query.ts";
import { mapDatabaseError } from "../map-database-error.ts";
import { type Queryable, runRows } from "../run-rows.ts";
import { BadSchema, makeTables } from "./create-build.ts";
import { isOwnStatement } from "./own-statement.ts";
import type { DescribedRelation, ScratchTransaction } from "./port.ts";
import { readPage } from "./read-page.ts";
import { runOwn } from "./run-own.ts";
import { runProjector } from "./run-projector.ts";

const relationsSql = statement("projection-relations");
const transactionSql = statement("projection-transaction");
const readOnlySql = statement("projection-read-only");
const viewsSql = statement("projection-views-path");

/** Carries a result past the rollback. */
class Done<T> extends Error {
  readonly result: T;

  constructor(result: T) {
    super("done");
    this.result = result;
  }
}

/** Runs work in a transaction that is rolled back: no setting that it changes is left on the connection either. */
async function rolledBack<T>(
  pool: pg.Pool,
  work: (connection: Queryable) => Promise<T>,
  isolation?: "repeatable read",
): Promise<T> {
  const run = async (connection: Queryable): Promise<never> => {
    throw new Done(await work(connection));
  };
  return runTransaction(pool, run, isolation).catch((error: unknown) => {
    if (error instanceof Done) return error.result as T;
    throw error;
  });
}

/** Runs work on fresh tables and one snapshot, in a transaction that is rolled back; see `ProjectionStore.scratch`. */
export async function scratch<T>(
  pool: pg.Pool,
  ledgerId: bigint,
  schema: string,
  work: (transaction: ScratchTransaction) => Promise<T>,
): Promise<T> {
  try {
    return await rolledBack(
      pool,
      async (connection) => {
        const [{ id } = { id: "0" }] = await runRows<{ id: string }>(connection, transactionSql, []);
        const schemaName = `ledger_${ledgerId}_scratch_${id}`;
        await makeTables(connection, schemaName, { schema, describe: undefined });
        return work({
          schemaName,
          relations: () => runRows<DescribedRelation>(connection, relationsSql, [schemaName]),
          page: (request) => readPage(connection, ledgerId, request),
          write: (write, timeoutMs) => runProjector(connection, schemaName, write, timeoutMs),
          run: (text, values) => runRows(connection, text, values),
        });
      },
      "repeatable read",
    );
  } catch (error) {
    if (error instanceof BadSchema)
      throw new LedgerError("projection-failed", `its schema cannot be made: ${error.message}`, { cause: error.cause });
    throw error;
  }
}

/** One statement that only reads, with the ledger's views under plain names; see `ProjectionStore.select`. */
export async function select<Row extends object>(
  pool: pg.Pool,
  ledgerId: bigint,
  text: string,
  values: readonly unknown[],
): Promise<Row[]> {
  if (typeof text !== "string" || !isOwnStatement(text))
    throw new LedgerError("invalid-argument", "the projections are read by one statement in a text that only reads");
  return rolledBack(pool, async (connection) => {
    await runRows(connection, readOnlySql, []);
    await runRows(connection, viewsSql, [`ledger_${ledgerId}`]);
    try {
      return await runOwn<Row>(connection, text, values);
    } catch (error) {
      throw readFailure(error);
    }
  });
}

/** What is wrong with an application's own statement is said as the database says it. */
function readFailure(error: unknown): LedgerError {
  const mapped = mapDatabaseError(error);
  // A statement that writes says what a standby says.
  if (mapped.retryable && mapped.values.sqlState !== "25006") return mapped;
  const said = error instanceof Error ? error.message : String(error);
  return new LedgerError("database-failed", `the projections cannot be read so: ${said}`, {
    cause: error,
    values: mapped.values,
  });
}
