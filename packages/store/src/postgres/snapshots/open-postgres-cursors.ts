import { LedgerError } from "@eventchain/core";
import type pg from "pg";
import { statement } from "../load-statement.ts";
import { type Queryable, runTransaction } from "../log/run-query.ts";
import { runRows } from "../run-rows.ts";
import type { SnapshotCursor, SnapshotCursors, SnapshotRound } from "./cursor-port.ts";

const beginSql = statement("snapshot-cursor-begin");
const lockSql = statement("snapshot-cursor-lock");
const forkSql = statement("snapshot-cursor-fork");
const moveSql = statement("snapshot-cursor-move");
const waitSql = statement("snapshot-wait");
const dueSql = statement("snapshot-waits-due");
const nextSql = statement("snapshot-waits-next");
const overSql = statement("snapshot-wait-over");

/** Where the rules of a migrated database stand. The pool stays the caller's to close. */
export function openPostgresSnapshotCursors(pool: pg.Pool): SnapshotCursors {
  return {
    async work(ledgerId, rule, work) {
      // By itself: whoever begins it second must not wait for all that the first does with it.
      await runRows(pool, beginSql, [ledgerId, rule]);
      return runTransaction(pool, async (connection) => {
        const [cursor] = await runRows<SnapshotCursor>(connection, lockSql, [ledgerId, rule]);
        if (cursor === undefined) return undefined;
        await checkFork(connection, ledgerId, rule, cursor);
        return work(roundOf(connection, ledgerId, rule, cursor));
      });
    },
  };
}

async function checkFork(
  connection: Queryable,
  ledgerId: bigint,
  rule: string,
  { position, hash }: SnapshotCursor,
): Promise<void> {
  const [row] = await runRows<{ forked: boolean }>(connection, forkSql, [ledgerId, position, hash]);
  if (row?.forked === false) return;
  throw new LedgerError(
    "forked",
    `${rule} has looked at an event at position ${position} that is not in the ledger's history any more: find out which history is the true one, then delete its row of snapshot_cursors`,
    { values: { ledgerId, handler: rule, position } },
  );
}

function roundOf(connection: Queryable, ledgerId: bigint, rule: string, cursor: SnapshotCursor): SnapshotRound {
  const run = async (sql: string, ...values: unknown[]): Promise<void> => {
    await runRows(connection, sql, [ledgerId, rule, ...values]);
  };
  return {
    cursor,
    move: ({ position, hash, counted }) => run(moveSql, position, hash, counted),
    async wait(waits) {
      if (waits.length === 0) return;
      const micros = waits.map(({ dueAtMicros }) => dueAtMicros);
      await run(
        waitSql,
        waits.map(({ stream }) => stream),
        micros,
      );
    },
    async due(nowMicros, limit) {
      const rows = await runRows<{ stream: string }>(connection, dueSql, [ledgerId, rule, nowMicros, limit]);
      return rows.map(({ stream }) => stream);
    },
    over: (stream) => run(overSql, stream),
    async nextDueMicros() {
      const [row] = await runRows<{ micros: bigint }>(connection, nextSql, [ledgerId, rule]);
      return row?.micros;
    },
    async touch() {
      await runRows(connection, "select", []);
    },
  };
}
