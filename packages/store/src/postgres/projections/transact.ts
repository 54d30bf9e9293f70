import type pg from "pg";
import { statement } from "../load-statement.ts";
import { runTransaction } from "../log/run-query.ts";
import { maskPassword } from "../map-database-error.ts";
import { runRows } from "../run-rows.ts";
import type { BuildRecord, BuildTransaction, TransactOptions } from "./port.ts";
import { readPage } from "./read-page.ts";
import { runProjector } from "./run-projector.ts";
import { holdLive, type LiveBuild, swapIn } from "./swap-in.ts";

const holdSql = statement("projection-hold-ledger");
const lockSql = statement("projection-build-lock");
const moveSql = statement("projection-build-move");
const stopSql = statement("projection-build-stop");
const deadLetterSql = statement("projection-dead-letter");

/**
 * Runs work in one transaction that has a build's row; see `ProjectionStore.transact`. Locks are taken in one order: the
 * ledger, then the build.
 *
 * 1. the commit: the tables, the position and what else the work did. A restart before it finds none of it, after it all.
 */
export function transact<T>(
  pool: pg.Pool,
  buildId: bigint,
  work: (transaction: BuildTransaction) => Promise<T>,
  { holdLedger }: TransactOptions = {},
): Promise<T | undefined> {
  return runTransaction(pool, async (connection) => {
    if (holdLedger !== undefined) await runRows(connection, holdSql, [holdLedger]);
    const [row] = await runRows<BuildRecord & { forked: boolean; waitMs: number; tries: number }>(connection, lockSql, [
      buildId,
    ]);
    if (row === undefined) return undefined;
    const { forked, waitMs, tries, ...build } = row;
    let live: LiveBuild | undefined;
    return work({
      build,
      forked,
      waitMs,
      page: (request) => readPage(connection, build.ledgerId, request),
      write: (write, timeoutMs) => runProjector(connection, build.schemaName, write, timeoutMs),
      async move(position) {
        if (position > build.position) await runRows(connection, moveSql, [buildId, position]);
      },
      async addDeadLetter({ position, type }, error) {
        await runRows(connection, deadLetterSql, [buildId, position, type, storable(error)]);
      },
      async stop(reason) {
        await runRows(connection, stopSql, [buildId, storable(reason)]);
      },
      async holdLive() {
        live = await holdLive(connection, build);
        return live;
      },
      swapIn: () => swapIn(connection, build, live, tries),
      run: (text, values) => runRows(connection, text, values),
    });
  });
}

/** What may be kept of a text of an application's own: no password of a URL; no U+0000 and no lone surrogates. */
function storable(text: string): string {
  return maskPassword(text).toWellFormed().replaceAll("\0", "\ufffd");
}
