import type pg from "pg";
import { statement } from "../load-statement.ts";
import { runTransaction } from "../log/run-query.ts";
import { runRows } from "../run-rows.ts";
import type { BuildRecord } from "./port.ts";
import { runProjector } from "./run-projector.ts";
import { dropBuildSchema, lockViews } from "./swap-views.ts";

const lockSql = statement("projection-build-lock");
const liveSchemaSql = statement("projection-live-schema");
const putOffSql = statement("projection-build-put-off");
const retiredLockSql = statement("projection-retired-lock");
const deleteSql = statement("projection-build-delete");

/** Where somebody works on the build at this moment. */
const BUSY_MS = 250;

/** See `ProjectionStore.probeSwap`. Nothing is durable: the views are given back by the commit. */
export function probeSwap(pool: pg.Pool, buildId: bigint): Promise<boolean> {
  return runTransaction(pool, async (connection) => {
    const [build] = await runRows<BuildRecord & { tries: number }>(connection, lockSql, [buildId]);
    if (build === undefined) return false;
    const { ledgerId, name, schemaName, tries } = build;
    const [live] = await runRows<{ schemaName: string }>(connection, liveSchemaSql, [ledgerId, name]);
    const swap = { schema: `ledger_${ledgerId}`, to: schemaName, from: live?.schemaName, tries };
    await runProjector(connection, "pg_catalog", () => lockViews(connection, swap));
    return true;
  });
}

/** See `ProjectionStore.putOff`. */
export async function putOff(pool: pg.Pool, buildId: bigint, reason: string, backsOff: boolean): Promise<number> {
  const [row] = await runRows<{ waitMs: number }>(pool, putOffSql, [buildId, reason, backsOff]);
  return row === undefined || row.waitMs === 0 ? BUSY_MS : row.waitMs;
}

/**
 * See `ProjectionStore.dropRetired`.
 *
 * 1. the commit: schema and row are gone. A restart before it finds both, after it neither.
 */
export function dropRetired(pool: pg.Pool, buildId: bigint): Promise<boolean> {
  return runTransaction(pool, async (connection) => {
    const [build] = await runRows<{ schemaName: string }>(connection, retiredLockSql, [buildId]);
    if (build === undefined) return false;
    await runProjector(connection, "pg_catalog", () => dropBuildSchema(connection, build.schemaName));
    await runRows(connection, deleteSql, [buildId]);
    return true;
  });
}
