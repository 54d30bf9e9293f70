import type pg from "pg";
import { statement } from "../load-statement.ts";
import { runTransaction } from "../log/run-query.ts";
import { runRows } from "../run-rows.ts";
import { createBuild, deleteBuild } from "./create-build.ts";
import type { BuildRecord, DeadLetter, ListedBuild, ProjectionRecord, ProjectionStore } from "./port.ts";
import { readPage } from "./read-page.ts";
import { dropRetired, probeSwap, putOff } from "./retire-build.ts";
import { scratch, select } from "./scratch.ts";
import { transact } from "./transact.ts";

const listSql = statement("projection-list");
const retrySql = statement("projection-retry");
const deadLettersSql = statement("projection-dead-letters");
const lockSql = statement("projection-build-lock");
const existsSql = statement("projection-build-exists");

type ListRow = { headPosition: bigint; name: string | null; enabled: boolean } & (ListedBuild | { buildId: null });

/** Projections of a migrated database. The pool stays the caller's to close. */
export function openPostgresProjections(pool: pg.Pool): ProjectionStore {
  return {
    list: (ledgerId) => listProjections(pool, ledgerId),
    createBuild: (ledgerId, draft) => createBuild(pool, ledgerId, draft),
    page: (ledgerId, request) => readPage(pool, ledgerId, request),
    transact: (buildId, work, options) => transact(pool, buildId, work, options),
    probeSwap: (buildId) => probeSwap(pool, buildId),
    putOff: (buildId, reason, backsOff) => putOff(pool, buildId, reason, backsOff),
    dropRetired: (buildId) => dropRetired(pool, buildId),
    async retry(ledgerId, name) {
      const [row] = await runRows<{ count: bigint }>(pool, retrySql, [ledgerId, name]);
      return row?.count ?? 0n;
    },
    deadLetters: (ledgerId, name) => runRows<DeadLetter>(pool, deadLettersSql, [ledgerId, name]),
    dropBuild: (buildId) =>
      runTransaction(pool, async (connection) => {
        const [build] = await runRows<BuildRecord>(connection, lockSql, [buildId]);
        if (build !== undefined) await deleteBuild(connection, build);
      }),
    dropBuilding: (buildId) =>
      runTransaction(pool, async (connection) => {
        const [build] = await runRows<BuildRecord>(connection, lockSql, [buildId]);
        if (build?.state === "building") await deleteBuild(connection, build);
        return build !== undefined || (await runRows(connection, existsSql, [buildId])).length === 0;
      }),
    scratch: (ledgerId, schema, work) => scratch(pool, ledgerId, schema, work),
    select: (ledgerId, text, values) => select(pool, ledgerId, text, values),
  };
}

async function listProjections(
  pool: pg.Pool,
  ledgerId: bigint,
): Promise<{ headPosition: bigint; projections: ProjectionRecord[] }> {
  const rows = await runRows<ListRow>(pool, listSql, [ledgerId]);
  const byName = new Map<string, ProjectionRecord>();
  for (const { headPosition: _, name, enabled, ...build } of rows) {
    if (name === null) continue;
    const record = byName.get(name) ?? { name, enabled, live: null, building: null, retired: [] };
    if (build.buildId === null) byName.set(name, record);
    else if (build.state === "retired") byName.set(name, { ...record, retired: [...record.retired, build] });
    else byName.set(name, { ...record, [build.state]: build });
  }
  return { headPosition: rows[0]?.headPosition ?? 0n, projections: [...byName.values()] };
}
