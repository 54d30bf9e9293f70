import { LedgerError } from "@eventchain/core";
import type pg from "pg";
import { type CheckpointStore, checkCheckpointName, type MoveOutcome, type StoredCursor } from "../../checkpoints.ts";
import { statement } from "../load-statement.ts";
import { runRows } from "../run-rows.ts";

const findSql = statement("subscription-checkpoint-find");
const moveSql = statement("subscription-checkpoint-move");

/** The checkpoints of subscriptions in a migrated database. The pool stays the caller's to close. */
export function openPostgresCheckpoints(pool: pg.Pool): CheckpointStore {
  return {
    async find(ledgerId, name) {
      checkCheckpointName(name);
      return (await runRows<StoredCursor>(pool, findSql, [ledgerId, name]))[0];
    },
    async move(ledgerId, name, { from, to, reader }) {
      checkCheckpointName(name);
      const known = [from?.position ?? null, from?.hash ?? null];
      const values = [ledgerId, name, ...known, to.position, to.hash, reader];
      const [row] = await runRows<{ outcome: MoveOutcome }>(pool, moveSql, values).catch((error: unknown) => {
        throw explain(error, name);
      });
      if (row === undefined) throw new Error("a function gives one row");
      return row.outcome;
    },
  };
}

/** What a login that only reads is told. */
function explain(error: unknown, name: string): unknown {
  if (!(error instanceof LedgerError) || error.code !== "database-refused") return error;
  return new LedgerError(
    "database-refused",
    `this database user may not keep the checkpoint ${JSON.stringify(name)}: a login of eventchain_writer or ` +
      "eventchain_handler may. One that only reads keeps its place itself, and subscribes from there",
    { cause: error, values: { ...error.values, checkpoint: name } },
  );
}
