import { createHash } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { LedgerError } from "@eventchain/core";
import type pg from "pg";
import { checkChains } from "../check-chains.ts";
import { checkRequests, lengthOf, maxRequestLength } from "../check-request.ts";
import type { AppendOutcome, AppendRequest, RecordedEvent } from "../port.ts";
import type { AppendLane, AppendLanes } from "./append-lanes.ts";
import { decodeOutcomes, type OutcomeRow } from "./decode-outcomes.ts";
import { encodeRequests } from "./encode-requests.ts";
import { statement } from "./load-statement.ts";
import { isAbandoned, retireConnection } from "./log/retired-connections.ts";
import { commit, ROLLBACK } from "./log/run-query.ts";
import { isConnectionLoss, mapDatabaseError } from "./map-database-error.ts";
import type { WithinAppend } from "./projections/port.ts";
import { runWithin } from "./projections/run-within.ts";
import { queryRows, runRows } from "./run-rows.ts";

const appendSql = statement("append-events");
const findAppendedSql = statement("find-appended");
/** One for each text, so that releases that share a server's connections do not take each other's. */
const APPEND_NAME = `eventchain_append_${createHash("sha256").update(appendSql).digest("hex").slice(0, 16)}`;

/** How long to wait before each attempt to learn what became of an append whose connection was lost. */
const recoveryDelaysMs: readonly number[] = [0, 50, 200, 500, 1_000, 2_000];

class ConnectionLoss extends Error {
  constructor(cause: unknown) {
    super("the connection was lost after the append had been sent", { cause });
  }
}

/** What an append is sent with. */
export interface AppendDeps {
  pool: pg.Pool;
  lanes: AppendLanes;
  /** Whether the call is prepared by name once for each connection; switched off for good where that is refused. */
  names: { areUsed: boolean };
}

type SendDeps = AppendDeps & { lane: AppendLane };

/**
 * One call on the lane's connection. A connection that is lost once the call may have been sent: ConnectionLoss.
 *
 * Behind a pooler that gives each transaction another connection and knows nothing of prepared statements, the server has
 * not the name, or has it of another client. It says so before anything is done, and the call is sent without a name.
 * @param within makes a transaction of the call, and is run in it
 */
async function sendRequests(
  { lane, names }: SendDeps,
  ledgerId: bigint,
  requests: readonly AppendRequest[],
  within: WithinAppend | undefined,
): Promise<AppendOutcome[]> {
  const values = encodeRequests(ledgerId, requests);
  return lane.use(async (connection, isBroken) => {
    const call = async (isNamed: boolean): Promise<AppendOutcome[]> => {
      const name = isNamed ? APPEND_NAME : undefined;
      const rows = await queryRows<OutcomeRow>(connection, appendSql, values, name);
      if (rows.length === 0)
        throw new LedgerError("ledger-not-found", "there is no such ledger", { values: { ledgerId } });
      return decodeOutcomes(rows, requests);
    };
    const send = async (isNamed: boolean): Promise<AppendOutcome[]> => {
      if (within === undefined) return call(isNamed);
      await connection.query("begin isolation level read committed");
      const outcomes = await call(isNamed);
      await runWithin(connection, ledgerId, requests, outcomes, within);
      await commit(connection);
      return outcomes;
    };
    for (;;) {
      const isNamed = names.areUsed;
      try {
        return await send(isNamed);
      } catch (error) {
        let isLost = isBroken() || isConnectionLoss(error);
        if (within !== undefined && !isLost && !isAbandoned(connection))
          await connection.query(ROLLBACK).catch(() => {
            isLost = true;
          });
        if (isLost) retireConnection(connection);
        if (!isLost && isNamed && isUnprepared(error)) {
          names.areUsed = false;
          continue;
        }
        const isOwn = error instanceof LedgerError && error.code !== "database-unavailable";
        throw isLost && !isOwn ? new ConnectionLoss(error) : mapDatabaseError(error);
      }
    }
  });
}

/** A name that the server does not know (invalid_sql_statement_name), or knows already (duplicate_prepared_statement). */
function isUnprepared(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "26000" || code === "42P05";
}

type FoundRow = RecordedEvent & { request: number };

/** The ids of the events that a request records. */
function eventIdsOf({ events, rejection }: AppendRequest): string[] {
  return rejection === undefined
    ? events.map(({ id }) => id)
    : rejection.event === undefined
      ? []
      : [rejection.event.id];
}

/** For each request whose own events are recorded: what it was told, had the connection held. */
async function findAppended(
  pool: pg.Pool,
  ledgerId: bigint,
  requests: readonly AppendRequest[],
): Promise<(AppendOutcome | undefined)[]> {
  const found: RecordedEvent[][] = requests.map(() => []);
  const ids = requests.map(eventIdsOf);
  const values = [ledgerId, ids.map(([first]) => first ?? null), ids.map(({ length }) => length)];
  for (const { request, ...event } of await runRows<FoundRow>(pool, findAppendedSql, values)) {
    found[request - 1]?.push(event);
  }
  return requests.map(({ rejection }, index) => {
    const own = ids[index] ?? [];
    const events = found[index] ?? [];
    const [first] = events;
    if (first === undefined || own.length !== events.length || !own.every((id, at) => id === events[at]?.id))
      return undefined;
    if (rejection === undefined) return { outcome: "recorded", duplicate: false, events };
    const { code, reason = null } = rejection;
    return { outcome: "rejected", duplicate: false, code, reason, position: first.position };
  });
}

/** What an append that was sent twice says of the first time: these need a second look at what is recorded. */
function mayBeOurs(outcome: AppendOutcome): boolean {
  switch (outcome.outcome) {
    case "recorded":
    case "rejected":
      return outcome.duplicate;
    case "refused":
      return outcome.code === "duplicate-id";
    default:
      // Of a chain whose first request is a duplicate now, the others may have been recorded with it.
      return outcome.outcome === "dependency-failed";
  }
}

/**
 * Learns what became of requests whose connection was lost, and sends those again that did not happen.
 *
 * Ids make this safe: an event's id is recorded once. Should the lost call, still running, commit between the look and
 * the second call, then the second one is refused as a duplicate, and another look finds the events.
 *
 * A rejection that is no event has no id of its own. Its command's id makes it safe to send again; that it comes back as
 * a duplicate stays so, for nothing tells the lost call's row from another process's that came to the same. In a chain
 * it may come back as dependency-failed although the lost call recorded it: decided again, its command is known.
 * What is sent again of a chain without its first requests meets their events as anybody's, and is at worst decided again.
 */
async function recoverOnce(
  deps: SendDeps,
  ledgerId: bigint,
  requests: readonly AppendRequest[],
  within: WithinAppend | undefined,
): Promise<AppendOutcome[]> {
  const { pool } = deps;
  const found = await findAppended(pool, ledgerId, requests);
  const missing = requests.filter((_, index) => found[index] === undefined);
  const again = missing.length === 0 ? [] : await sendRequests(deps, ledgerId, missing, within);
  const late = again.some(mayBeOurs) ? await findAppended(pool, ledgerId, missing) : [];
  let next = 0;
  return found.map((first) => {
    if (first !== undefined) return first;
    const at = next++;
    const outcome = again[at];
    if (outcome === undefined) throw new Error("each request was either found or sent again");
    return mayBeOurs(outcome) ? (late[at] ?? outcome) : outcome;
  });
}

async function recoverRequests(
  deps: SendDeps,
  ledgerId: bigint,
  requests: readonly AppendRequest[],
  within: WithinAppend | undefined,
  loss: unknown,
): Promise<AppendOutcome[]> {
  let last = loss;
  for (const delayMs of recoveryDelaysMs) {
    await pause(delayMs);
    try {
      return await recoverOnce(deps, ledgerId, requests, within);
    } catch (error) {
      // The lost call may still wait for what this one waited for in vain, and happen.
      const isLate = error instanceof LedgerError && error.code === "timeout";
      if (!isLate && !(error instanceof ConnectionLoss) && !isConnectionLoss(error)) throw error;
      last = error;
    }
  }
  const cause = last instanceof ConnectionLoss ? last.cause : last;
  throw new LedgerError(
    "database-unavailable",
    "the connection was lost during an append; whether it happened is not known",
    {
      cause,
      values: { eventIds: requests.map((request) => eventIdsOf(request)[0]) },
    },
  );
}

/**
 * Appends requests in one call and one commit; see `EventStore.append`.
 *
 * 1. the server's commit, of what `within` did as well. A caller who dies before it has appended nothing, after it everything
 *    that the call accepted; the same requests again give `duplicate` (command ids) or `duplicate-id` (event ids).
 *
 * Errors: what `within` throws (nothing was appended); `database-unavailable` (where the connection was lost and stays so, what became of it is not known),
 * `timeout` (nothing was appended), `ledger-not-found`, `too-large` (more than one message holds).
 */
export async function appendEvents(
  deps: AppendDeps,
  ledgerId: bigint,
  requests: readonly AppendRequest[],
  within?: WithinAppend,
): Promise<AppendOutcome[]> {
  checkChains(requests);
  const refusals = withDependents(requests, checkRequests(requests));
  const sound = requests.filter((_, index) => refusals[index] === undefined);
  if (sound.reduce((length, request) => length + lengthOf(request), 0) > 2 * maxRequestLength) {
    throw new LedgerError("too-large", "one call has at most 128 MiB of text");
  }
  if (sound.length === 0) return refusals.filter((refusal) => refusal !== undefined);
  const outcomes = await deps.lanes.call(
    ledgerId,
    within !== undefined,
    (lane) => sendRequests({ ...deps, lane }, ledgerId, sound, within),
    async (lane, error) => {
      if (error instanceof ConnectionLoss) return recoverRequests({ ...deps, lane }, ledgerId, sound, within, error);
      throw error;
    },
  );
  let next = 0;
  return refusals.map((refusal) => {
    const outcome = refusal ?? outcomes[next++];
    if (outcome === undefined) throw new Error("each request has an outcome");
    return outcome;
  });
}

/** The outcomes that need no database: a chain of which an event is refused fails from there on. */
function withDependents(
  requests: readonly AppendRequest[],
  refusals: readonly (AppendOutcome | undefined)[],
): (AppendOutcome | undefined)[] {
  const broken = new Set<number>();
  return requests.map(({ chain, events }, index) => {
    const refusal = refusals[index];
    if (chain === undefined) return refusal;
    if (refusal === undefined) return broken.has(chain) ? { outcome: "dependency-failed" } : undefined;
    if (events.length > 0) broken.add(chain);
    return refusal;
  });
}
