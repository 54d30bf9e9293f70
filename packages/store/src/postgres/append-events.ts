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

/** How long to wait before each attempt to learn what became of an append whose connection was lost. */
const recoveryDelaysMs: readonly number[] = [0, 50, 200, 500, 1_000, 2_000];

class ConnectionLoss extends Error {
  constructor(cause: unknown) {
    super("the connection was lost after the append had been sent", { cause });
  }
}

/**
 * One call on the lane's connection. A connection that is lost once the call may have been sent: ConnectionLoss.
 * @param within makes a transaction of the call, and is run in it
 */
async function sendRequests(
  lane: AppendLane,
  ledgerId: bigint,
  requests: readonly AppendRequest[],
  within: WithinAppend | undefined,
): Promise<AppendOutcome[]> {
  const values = encodeRequests(ledgerId, requests);
  return lane.use(async (connection, isBroken) => {
    const call = async (): Promise<AppendOutcome[]> => {
      const rows = await queryRows<OutcomeRow>(connection, appendSql, values);
      if (rows.length === 0)
        throw new LedgerError("ledger-not-found", "there is no such ledger", { values: { ledgerId } });
      return decodeOutcomes(rows, requests);
    };
    try {
      if (within === undefined) return await call();
      await connection.query("begin isolation level read committed");
      const outcomes = await call();
      await runWithin(connection, ledgerId, requests, outcomes, within);
      await commit(connection);
      return outcomes;
    } catch (error) {
      let isLost = isBroken() || isConnectionLoss(error);
      if (within !== undefined && !isLost && !isAbandoned(connection))
        await connection.query(ROLLBACK).catch(() => {
          isLost = true;
        });
      if (isLost) retireConnection(connection);
      const isOwn = error instanceof LedgerError && error.code !== "database-unavailable";
      throw isLost && !isOwn ? new ConnectionLoss(error) : mapDatabaseError(error);
    }
  });
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
  { pool, lane }: { pool: pg.Pool; lane: AppendLane },
  ledgerId: bigint,
  requests: readonly AppendRequest[],
  within: WithinAppend | undefined,
): Promise<AppendOutcome[]> {
  const found = await findAppended(pool, ledgerId, requests);
  const missing = requests.filter((_, index) => found[index] === undefined);
  const again = missing.length === 0 ? [] : await sendRequests(lane, ledgerId, missing, within);
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
  deps: { pool: pg.Pool; lane: AppendLane },
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
      if (!(error instanceof ConnectionLoss) && !isConnectionLoss(error)) throw error;
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
  { pool, lanes }: { pool: pg.Pool; lanes: AppendLanes },
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
  const outcomes = await lanes.call(
    ledgerId,
    within !== undefined,
    (lane) => sendRequests(lane, ledgerId, sound, within),
    async (lane, error) => {
      if (error instanceof ConnectionLoss) return recoverRequests({ pool, lane }, ledgerId, sound, within, error);
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
