import type pg from "pg";
import { statement } from "../load-statement.ts";
import { runTransaction, runWrite } from "../log/run-query.ts";
import { runRows } from "../run-rows.ts";
import { taskFinisher } from "./finish-tasks.ts";
import { manageTasks } from "./manage-tasks.ts";
import type { LeasedTask, ReactionStore, ReactionSurvey } from "./port.ts";

const beginSql = statement("reaction-begin");
const unholdSql = statement("reaction-unhold");
const surveySql = statement("reaction-survey");
const lockSql = statement("reaction-lock");
const takeInSql = statement("reaction-take-in");
const expireSql = statement("reaction-expire");
const takeSql = statement("reaction-take");
const takeOrderedSql = statement("reaction-take-ordered");
const transactionSql = statement("reaction-transaction");
const putOffSql = statement("reaction-put-off");
const burySql = statement("reaction-bury");

/** The reactions of a migrated database. The pool stays the caller's to close. */
export function openPostgresReactions(pool: pg.Pool): ReactionStore {
  return { ...takeTasksIn(pool), ...runTasks(pool), ...manageTasks(pool) };
}

function takeTasksIn(pool: pg.Pool): Pick<ReactionStore, "begin" | "survey" | "takeIn"> {
  return {
    async begin(ledgerId, reactions) {
      const names = reactions.map(({ name }) => name);
      await runWrite(pool, beginSql, [ledgerId, names, reactions.map(({ fromNow }) => fromNow)]);
      // It may have had an order when these were taken in.
      const orderless = reactions.filter(({ isOrdered }) => !isOrdered).map(({ name }) => name);
      await runWrite(pool, unholdSql, [ledgerId, orderless]);
    },
    survey: (ledgerId, reactions) =>
      runRows<ReactionSurvey>(pool, surveySql, [
        ledgerId,
        reactions.map(({ name }) => name),
        reactions.map(({ level }) => level),
      ]),
    async takeIn(ledgerId, { reaction, from, to, tasks, isOrdered }) {
      const values = [ledgerId, reaction, from.position, from.hash, to, isOrdered];
      const columns = [
        tasks.map(({ position }) => position),
        tasks.map(({ handler }) => handler),
        tasks.map(({ stream }) => stream),
        tasks.map(({ isTimeout }) => isTimeout),
        tasks.map(({ isChecked }) => isChecked),
        tasks.map(({ dueAtMicros }) => dueAtMicros),
      ];
      if (!isOrdered || tasks.length === 0)
        return (await runRows(pool, takeInSql, [...values, ...columns])).length === 1;
      return runTransaction(pool, async (connection) => {
        // Which tasks are held depends on those that end meanwhile.
        await runRows(connection, lockSql, [ledgerId, reaction]);
        return (await runRows(connection, takeInSql, [...values, ...columns])).length === 1;
      });
    },
  };
}

function runTasks(pool: pg.Pool): Pick<ReactionStore, "expire" | "take" | "finish" | "putOff" | "bury"> {
  const keyOf = ({ reaction, position, handler, lease }: LeasedTask): unknown[] => [reaction, position, handler, lease];
  return {
    async expire(ledgerId, reaction) {
      await runWrite(pool, expireSql, [ledgerId, reaction]);
    },
    async take(ledgerId, { reaction, isOrdered, most, lease, leaseMs }) {
      const values = [ledgerId, reaction, most, lease, leaseMs];
      type Row = Omit<LeasedTask, "reaction" | "lease" | "isOrdered">;
      const take = async (connection: Pick<pg.Pool, "query">): Promise<Row[]> => {
        await runRows(connection, lockSql, [ledgerId, reaction]);
        // A statement of its own: it must see what those before this one took.
        return runRows<Row>(connection, takeOrderedSql, values);
      };
      const rows = isOrdered
        ? await runTransaction(pool, take, "read committed", transactionSql)
        : await runRows<Row>(pool, takeSql, values);
      return rows.map((row) => ({ ...row, reaction, lease, isOrdered }));
    },
    finish: taskFinisher(pool),
    async putOff(ledgerId, task, { due, error, counts }) {
      const [afterMs, atMicros] = "afterMs" in due ? [due.afterMs, null] : [null, due.atMicros];
      const values = [ledgerId, ...keyOf(task), counts ? 0 : 1, error ?? null, afterMs, atMicros];
      return (await runWrite(pool, putOffSql, values)) === 1;
    },
    async bury(ledgerId, task, error) {
      return (await runWrite(pool, burySql, [ledgerId, ...keyOf(task), error])) === 1;
    },
  };
}
