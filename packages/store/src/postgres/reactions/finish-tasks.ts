import type pg from "pg";
import { statement } from "../load-statement.ts";
import { runTransaction } from "../log/run-query.ts";
import { runRows } from "../run-rows.ts";
import type { LeasedTask, ReactionStore } from "./port.ts";

const transactionSql = statement("reaction-transaction");
const lockSql = statement("reaction-lock");
const finishSql = statement("reaction-finish");
const wakeSql = statement("reaction-wake");

interface Waiting {
  readonly task: LeasedTask;
  readonly ended: PromiseWithResolvers<boolean>;
}

type Key = Pick<LeasedTask, "position" | "handler">;

/** Ends tasks; those of a reaction that end while others are being ended go together, in one commit. */
export function taskFinisher(pool: pg.Pool): ReactionStore["finish"] {
  const waiting = new Map<string, Waiting[]>();

  async function flush(key: string, ledgerId: bigint): Promise<void> {
    for (let group = waiting.get(key) ?? []; group.length > 0; group = waiting.get(key) ?? []) {
      waiting.set(key, []);
      try {
        const ended = new Set((await finishAll(pool, ledgerId, group)).map(keyOf));
        for (const each of group) each.ended.resolve(ended.has(keyOf(each.task)));
      } catch (error) {
        for (const each of group) each.ended.reject(error);
      }
    }
    waiting.delete(key);
  }

  return (ledgerId, task) => {
    const key = `${ledgerId} ${task.isOrdered} ${task.reaction}`;
    const ended = Promise.withResolvers<boolean>();
    const group = waiting.get(key);
    if (group !== undefined) group.push({ task, ended });
    else {
      waiting.set(key, [{ task, ended }]);
      void flush(key, ledgerId);
    }
    return ended.promise;
  };
}

function keyOf({ position, handler }: Key): string {
  return `${position} ${handler}`;
}

async function finishAll(pool: pg.Pool, ledgerId: bigint, group: readonly Waiting[]): Promise<Key[]> {
  const tasks = group.map(({ task }) => task);
  const [first] = tasks;
  if (first === undefined) return [];
  const { reaction, isOrdered } = first;
  const columns = [
    tasks.map(({ position }) => position),
    tasks.map(({ handler }) => handler),
    tasks.map(({ lease }) => lease),
  ];
  const work = async (connection: Pick<pg.Pool, "query">): Promise<Key[]> => {
    if (isOrdered) await runRows(connection, lockSql, [ledgerId, reaction]);
    const ended = await runRows<Key & { stream: string }>(connection, finishSql, [ledgerId, reaction, ...columns]);
    const streams = [...new Set(ended.map(({ stream }) => stream))];
    // A statement of its own: which task is the oldest now depends on those that are gone.
    if (isOrdered) await runRows(connection, wakeSql, [ledgerId, reaction, streams]);
    return ended;
  };
  return runTransaction(pool, work, "read committed", transactionSql);
}
