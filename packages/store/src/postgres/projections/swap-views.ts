import { LedgerError } from "@eventchain/core";
import pg from "pg";
import { statement } from "../load-statement.ts";
import { mapDatabaseError } from "../map-database-error.ts";
import { type Queryable, runRows } from "../run-rows.ts";
import { planViews, type Relation, type ViewChange } from "./plan-views.ts";
import { writeView } from "./write-view.ts";

const { escapeIdentifier: id } = pg;
const relationsSql = statement("projection-relations");
const lockTimeSql = statement("projection-lock-time");
const outsidersSql = statement("projection-outsiders");

/** Nobody waits behind a drop but who reads a build's own tables. */
const DROP_LOCK_MS = 100;

/** Which build's tables are to be read from now on. */
export interface ViewSwap {
  /** `ledger_<id>`: what people read. */
  readonly schema: string;
  /** The schema of the build that is swapped in. */
  readonly to: string;
  /** The schema of the build that is live until now; undefined before the first. */
  readonly from: string | undefined;
  /** How often it was tried in vain: each time it waits a little longer for readers. */
  readonly tries: number;
}

/**
 * Takes the views that a swap replaces away from readers until the transaction ends, which has the role
 * `eventchain_projector`; nothing else is locked. Errors: as `swapViews`.
 */
export async function lockViews(connection: Queryable, swap: ViewSwap): Promise<readonly ViewChange[]> {
  const changes = await planSwap(connection, swap);
  if (swap.from !== undefined) await refuseOutsiders(connection, swap.from, swap.schema);
  const deadlineMs = performance.now() + (await lockTimeMs(connection, swap.tries));
  for (const change of changes) {
    if (change.change === "make") continue;
    const view = `${id(swap.schema)}.${id(change.from.name)}`;
    try {
      // Changes nothing, and has the view to itself; `lock table` would take the tables that it reads too.
      await runWithin(connection, `alter view ${view} owner to current_user`, deadlineMs - performance.now());
    } catch (error) {
      throw held(error, `somebody reads ${swap.schema}.${change.from.name}, in a transaction that is still open`);
    }
  }
  return changes;
}

/**
 * Gives the views of a projection the tables of another build, inside of a transaction that has the role
 * `eventchain_projector`. From the first statement to the commit readers of these views wait; what they then read is the
 * new build. Views keep their names, comments and grants; those of tables that the new build has no more are dropped.
 *
 * Readers lock a view before its tables, and all that waits for readers here gives up sooner than Postgres looks for
 * deadlocks, so that it is never a reader that fails. Nor do they wait for long: behind a reader that stays the swap gives
 * up within 200 ms, the first time within 50 ms. The old build's tables are not touched.
 *
 * Errors: LedgerError `timeout` where readers hold the views for longer: nothing is changed, try again later;
 * `projection-failed`, not retryable, where a name is taken or somebody else's object is in the way.
 */
export async function swapViews(connection: Queryable, swap: ViewSwap): Promise<void> {
  const changes = await lockViews(connection, swap);
  const place = { schema: swap.schema, source: swap.to };
  const lockMs = await lockTimeMs(connection, swap.tries);
  for (const text of changes.flatMap((change) => writeView(change, place))) await runWithin(connection, text, lockMs);
}

async function planSwap(connection: Queryable, swap: ViewSwap): Promise<readonly ViewChange[]> {
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
  return plan.changes;
}

async function lockTimeMs(connection: Queryable, tries: number): Promise<number> {
  const [time] = await runRows<{ ms: number }>(connection, lockTimeSql, [tries]);
  return time?.ms ?? 0;
}

/**
 * Drops a build's schema with all that is in it, inside of a transaction that has the role `eventchain_projector`.
 * Errors: LedgerError `timeout` where somebody reads its tables; `projection-failed`, not retryable, where something outside
 * of the schema depends on it.
 */
export async function dropBuildSchema(connection: Queryable, schema: string): Promise<void> {
  await refuseOutsiders(connection, schema, null);
  try {
    await runWithin(connection, `drop schema if exists ${id(schema)} cascade`, DROP_LOCK_MS);
  } catch (error) {
    throw held(error, `somebody holds tables of ${schema}, in a transaction that is still open`);
  }
}

/** @param views where the projection's own views are, which a swap takes away from the schema; null: after it */
async function refuseOutsiders(connection: Queryable, schema: string, views: string | null): Promise<void> {
  const outsiders = await runRows<{ what: string }>(connection, outsidersSql, [schema, views]);
  if (outsiders.length === 0) return;
  const names = outsiders.map(({ what }) => what).join(", ");
  throw blocked(`${names} depends on tables of ${schema}, which is about to go: drop it, or let it read the views`);
}

/** Says whom a lock was waited for in vain. */
function held(error: unknown, by: string): unknown {
  if (!(error instanceof LedgerError) || error.code !== "timeout") return error;
  return new LedgerError("timeout", by, { cause: error, retryable: true, values: error.values });
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
