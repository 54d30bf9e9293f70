import { LedgerError } from "@eventchain/core";
import pg from "pg";
import { statement } from "../load-statement.ts";
import { retireConnection } from "../log/retired-connections.ts";
import { runTransaction } from "../log/run-query.ts";
import { mapDatabaseError, maskPassword } from "../map-database-error.ts";
import { type Queryable, queryRows, runRows } from "../run-rows.ts";
import type { BuildDraft, BuildRecord, RunSql } from "./port.ts";
import { runProjector } from "./run-projector.ts";

const { escapeIdentifier, escapeLiteral } = pg;

const nameSql = statement("projection-name");
const lockNameSql = statement("projection-name-lock");
const buildsSql = statement("projection-builds-of");
const createSql = statement("projection-build-create");
const deleteSql = statement("projection-build-delete");
const stopSql = statement("projection-build-stop");
const makeSchemaSql = statement("projection-schema");
const uncommentedSql = statement("projection-uncommented");
const countRelationsSql = statement("projection-count-relations");

/** What is wrong with an application's SQL: the build is stopped with this. */
export class BadSchema extends Error {}

/**
 * Makes a build of a projection.
 *
 * 1. the commit: the build's row, and its schema with the tables, indexes and views. A restart before it finds neither.
 * 2. only where the SQL fails, and all of 1 was rolled back: the build's row alone, stopped with the reason. A restart
 *    before it tries 1 again.
 */
export async function createBuild(pool: pg.Pool, ledgerId: bigint, draft: BuildDraft): Promise<BuildRecord> {
  try {
    return await runTransaction(pool, async (connection) => {
      const { build, isNew } = await findOrInsert(connection, ledgerId, draft);
      if (isNew) {
        await makeTables(connection, build.schemaName, draft);
        // Its statements may set what they like for the session, as what a dump begins with does.
        retireConnection(connection);
      }
      return build;
    });
  } catch (error) {
    if (!(error instanceof BadSchema)) throw error;
    return runTransaction(pool, (connection) => insertStopped(connection, ledgerId, draft, error.message));
  }
}

async function insertStopped(
  connection: Queryable,
  ledgerId: bigint,
  draft: BuildDraft,
  problem: string,
): Promise<BuildRecord> {
  const found = await findOrInsert(connection, ledgerId, draft);
  const { build } = found;
  // One that is there is a racer's, or what the SQL itself committed.
  if (build.version !== draft.version || build.reason !== null || build.position > 0n) return build;
  await runProjector(connection, build.schemaName, (run) => dropSchema(run, build.schemaName));
  const reason = `its schema cannot be made: ${maskPassword(problem)}`;
  await runRows(connection, stopSql, [build.buildId, reason]);
  return { ...build, reason };
}

/** Racers wait at the projection's own row; who comes second finds what the first one made. */
async function findOrInsert(
  connection: Queryable,
  ledgerId: bigint,
  { name, version, mode, definition }: BuildDraft,
): Promise<{ build: BuildRecord; isNew: boolean }> {
  await runRows(connection, nameSql, [ledgerId, name]);
  await runRows(connection, lockNameSql, [ledgerId, name]);
  const builds = await runRows<BuildRecord>(connection, buildsSql, [ledgerId, name]);
  const building = builds.find(({ state }) => state === "building");
  if (building !== undefined && building.version >= version) return { build: building, isNew: false };
  if (building !== undefined) await deleteBuild(connection, building);
  const [build] = await runRows<BuildRecord>(connection, createSql, [
    ledgerId,
    name,
    version,
    mode,
    definition ?? null,
  ]);
  if (build === undefined)
    throw new LedgerError("ledger-not-found", "there is no such ledger", { values: { ledgerId } });
  return { build, isNew: true };
}

/** Drops a build's tables and its row, in the transaction that the connection has. */
export async function deleteBuild(
  connection: Queryable,
  { buildId, schemaName }: Pick<BuildRecord, "buildId" | "schemaName">,
): Promise<void> {
  await runProjector(connection, schemaName, (run) => dropSchema(run, schemaName));
  await runRows(connection, deleteSql, [buildId]);
}

async function dropSchema(run: RunSql, schemaName: string): Promise<void> {
  await run(`drop schema if exists ${schemaName} cascade`, []);
}

/** Makes a schema and what an application's SQL says. Errors: BadSchema for what is wrong with the SQL. */
export async function makeTables(
  connection: Queryable,
  schemaName: string,
  { schema, describe }: Pick<BuildDraft, "schema" | "describe">,
): Promise<void> {
  await runRows(connection, makeSchemaSql, [schemaName]);
  try {
    await runProjector(connection, schemaName, async (run) => {
      // Several statements: the simple protocol, which takes no parameters.
      await connection.query(schema);
      const [counted] = await run<{ count: number }>(countRelationsSql, [schemaName]);
      if (counted?.count === 0) throw new BadSchema("it makes no table and no view");
      if (describe !== undefined) await commentAll(connection, schemaName, describe);
    });
  } catch (error) {
    if (error instanceof LedgerError && error.code === "projection-failed") throw new BadSchema(error.message);
    if (error instanceof BadSchema || error instanceof LedgerError) throw error;
    const mapped = mapDatabaseError(error);
    if (mapped.retryable) throw mapped;
    throw new BadSchema(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

async function commentAll(connection: Queryable, schemaName: string, describe: string): Promise<void> {
  const bare = await queryRows<{ name: string; kind: string }>(connection, uncommentedSql, [schemaName]);
  for (const { name, kind } of bare)
    await connection.query(`comment on ${kind} ${escapeIdentifier(name)} is ${escapeLiteral(describe)}`);
}
