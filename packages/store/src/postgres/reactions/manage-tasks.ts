import type pg from "pg";
import { statement } from "../load-statement.ts";
import { runTransaction, runWrite } from "../log/run-query.ts";
import { runRows } from "../run-rows.ts";
import type { DeadTasks, ReactionStatusRow, ReactionStore, ReactionTaskRow } from "./port.ts";

const retrySql = statement("reaction-retry");
const lockSql = statement("reaction-lock");
const dropSql = statement("reaction-drop");
const wakeSql = statement("reaction-wake");
const statusSql = statement("reaction-status");
const tasksSql = statement("reaction-tasks");

/** What people do with a reaction's tasks. */
export function manageTasks(pool: pg.Pool): Pick<ReactionStore, "retry" | "drop" | "status" | "tasks"> {
  const valuesOf = (ledgerId: bigint, { reaction, position, handler }: DeadTasks): unknown[] => [
    ledgerId,
    reaction,
    position ?? null,
    handler ?? null,
  ];
  return {
    retry: (ledgerId, which) => runWrite(pool, retrySql, valuesOf(ledgerId, which)),
    drop: (ledgerId, which) =>
      runTransaction(pool, async (connection) => {
        await runRows(connection, lockSql, [ledgerId, which.reaction]);
        const ended = await runRows<{ stream: string }>(connection, dropSql, valuesOf(ledgerId, which));
        const streams = [...new Set(ended.map(({ stream }) => stream))];
        await runRows(connection, wakeSql, [ledgerId, which.reaction, streams]);
        return ended.length;
      }),
    status: (ledgerId) => runRows<ReactionStatusRow>(pool, statusSql, [ledgerId]),
    tasks: (ledgerId, { reaction, state, after, limit }) =>
      runRows<ReactionTaskRow>(pool, tasksSql, [
        ledgerId,
        reaction ?? null,
        state ?? null,
        after?.reaction ?? null,
        after?.position ?? null,
        after?.handler ?? null,
        limit,
      ]),
  };
}
