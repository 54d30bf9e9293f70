import { LedgerError } from "@eventchain/core";
import pg from "pg";
import { statement } from "../load-statement.ts";
import { mapDatabaseError } from "../map-database-error.ts";
import { type Queryable, runRows } from "../run-rows.ts";
import { planViews, type Relation } from "./plan-views.ts";
import { writeView } from "./write-view.ts";

const { escapeIdentifier: id } = pg;
const relationsSql = statement("projection-relations");
const lockTimeSql = statement("projection-lock-time");
const outsidersSql = statement("projection-outsiders");

/** Long enough for an autovacuum of an old table to be told to make way. */
const DROP_LOCK_MS = 5_000;

/** Which build's tables are to be read from now on. */
export interface ViewSwap {
  /** `ledger_<id>`: what people read. */
  readonly schema: string;
  /** The schema of the build that is swapped in. */
  readonly to: string;
  /** The schema of the build that is live until now; undefined before the first. */
  readonly from: string | undefined;
}

/**
 * Gives the views of a projection the tables of another build, inside of a transaction that has the role
 * `eventchain_projector`. From the first statement to the commit readers of these views wait; what they then read is the
 * new build. Views keep their names, comments and grants; those of tables that the new build has no more are dropped.
 *
 * Readers lock a view before its tables, and all that waits for readers here gives up sooner than Postgres looks for
 * deadlocks, so that it is never a reader that fails.
 *
 * Errors: LedgerError `timeout` where readers hold the views for too long: nothing is changed, try again later;
 * `projection-failed`, not retryable, where a name is taken or somebody else's object is in the way.
 */
export async function swapViews(connection: Queryable, swap: ViewSwap): Promise<void> {
  const plan = planViews(
    await runRows<Relation>(connection, relationsSql, [swap.schema]),
    await runRows<Relation>(connection, relationsSql, [swap.to]),
    swap.from,
  );
  if (plan.kind === "taken") {
    const { kind, sources } = plan.by;
    const whose = kind === "v" ? `a view of ${sources.join(", ") || "something else"}` : "no view of a projection";
    throw blocked(`${swap.schema}.${plan.name} is ${whose}: give the table another name, or remove what is there`);
  }
  const [time] = await runRows<{ ms: number }>(connection, lockTimeSql, []);
  const deadlineMs = performance.now() + (time?.ms ?? 0);
  const place = { schema: swap.schema, source: swap.to };
  for (const text of plan.changes.flatMap((change) => writeView(change, place))) {
    await runWithin(connection, text, deadlineMs - performance.now());
  }
}

/**
 * Drops a build's schema with all that is in it, inside of a transaction that has the role `eventchain_projector`.
 * Errors: as `swapViews`, where something outside of the schema depends on it.
 */
export async function dropBuildSchema(connection: Queryable, schema: string): Promise<void> {
  const outsiders = await runRows<{ what: string }>(connection, outsidersSql, [schema]);
  if (outsiders.length > 0) {
    const names = outsiders.map(({ what }) => what).join(", ");
    throw blocked(`${names} depends on tables of ${schema}, which is about to go: drop it, or let it read the views`);
  }
  await runWithin(connection, `drop schema if exists ${id(schema)} cascade`, DROP_LOCK_MS);
}

/** One statement that waits so long for locks at most. */
async function runWithin(connection: Queryable, text: string, lockMs: number): Promise<void> {
  const timeoutMs = Math.max(1, Math.floor(lockMs));
  try {
    // Two statements of one message, without parameters: no further round trip while readers wait.
    await connection.query(`set local lock_timeout = ${timeoutMs}; ${text}`);
  } catch (error) {
    throw asBlocked(error);
  }
}

/** Postgres names the dependent objects in the detail of its refusal. */
function asBlocked(error: unknown): LedgerError {
  const { code, message, detail } = error as { code?: unknown; message?: unknown; detail?: unknown };
  if (code !== "2BP01" && code !== "42809" && code !== "42P07" && code !== "42P16") return mapDatabaseError(error);
  const said = [message, detail]
    .filter((part) => typeof part === "string")
    .join(": ")
    .replace(/\s*\n\s*/g, "; ");
  return blocked(`${said}: drop what depends on it, deploy, and make it anew`, error);
}

function blocked(reason: string, cause?: unknown): LedgerError {
  return new LedgerError("projection-failed", `the new build cannot be swapped in: ${reason}`, {
    cause,
    retryable: false,
    values: { reason },
  });
}
