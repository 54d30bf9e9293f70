import { canonicalJson, equalBytes, eventHash, LedgerError } from "@eventchain/core";
import { checkChains } from "../check-chains.ts";
import { checkRequests, lengthOf, maxRequestLength, type Refusal } from "../check-request.ts";
import type { AppendOutcome, AppendRequest, EventQuery, ExpectedVersion, NewEvent, StoredEvent } from "../port.ts";
import { type CheckedMetadata, checkEvent, isName, type Problem } from "./check-event.ts";
import {
  eventAt,
  headOf,
  type MemoryCommand,
  type MemoryLedger,
  recordedBetween,
  storeEvent,
} from "./memory-ledger.ts";
import { selectEvents } from "./select-events.ts";

const maxEvents = 65_536;
const maxConflicts = 16;

/** What requests of one chain have done so far in this call. */
interface Chain {
  broken: boolean;
  recorded: Set<bigint>;
}

/** One call on a ledger. `recordedAtMicros`: of all that it records. */
interface Call {
  ledger: MemoryLedger;
  recordedAtMicros: bigint;
}

/**
 * Judges requests, each on top of those before it, and records what may be recorded: `EventStore.append` as the append
 * function of the database has it, check by check in its order. Runs to its end at once, so nobody sees a part.
 */
export function appendRequests(
  ledger: MemoryLedger,
  requests: readonly AppendRequest[],
  nowMicros: bigint,
): AppendOutcome[] {
  checkChains(requests);
  const refusals = checkRequests(requests);
  const length = requests.reduce((sum, request, at) => sum + (refusals[at] === undefined ? lengthOf(request) : 0), 0);
  if (length > 2 * maxRequestLength) throw new LedgerError("too-large", "one call has at most 128 MiB of text");
  const last = ledger.events.at(-1)?.recordedAtMicros ?? nowMicros;
  const call = { ledger, recordedAtMicros: nowMicros > last ? nowMicros : last };
  const chains = new Map<number, Chain>();
  return requests.map((request, at) => {
    const chain = chainOf(chains, request.chain);
    const before = ledger.events.length;
    const outcome = refusals[at] ?? judgeRequest(call, request, chain);
    for (const { position } of ledger.events.slice(before)) chain.recorded.add(position);
    if (request.events.length > 0 && ledger.events.length === before) chain.broken = true;
    return outcome;
  });
}

/** Records one of the ledger's own events; what it is was composed by the store. Where it came to stand, or the refusal. */
export function appendSystemEvent(ledger: MemoryLedger, event: NewEvent, nowMicros: bigint): StoredEvent | Refusal {
  const last = ledger.events.at(-1)?.recordedAtMicros ?? nowMicros;
  const checked = checkEvents(ledger, [event], undefined, true);
  if ("outcome" in checked) return checked;
  record({ ledger, recordedAtMicros: nowMicros > last ? nowMicros : last }, event, checked[0] as CheckedMetadata);
  return eventAt(ledger, ledger.events.length);
}

function chainOf(chains: Map<number, Chain>, number: number | undefined): Chain {
  const known = number === undefined ? undefined : chains.get(number);
  if (known !== undefined) return known;
  const chain = { broken: false, recorded: new Set<bigint>() };
  if (number !== undefined) chains.set(number, chain);
  return chain;
}

function judgeRequest(call: Call, request: AppendRequest, chain: Chain): AppendOutcome {
  if (chain.broken) return { outcome: "dependency-failed" };
  const known = request.command === undefined ? undefined : call.ledger.commands.get(request.command.id);
  if (known !== undefined) return repeatOutcome(call.ledger, request, known);
  const problem = requestProblem(request);
  if (problem !== undefined) return { outcome: "refused", ...problem };
  if (request.rejection !== undefined) return recordRejection(call, request);
  const checked = checkEvents(call.ledger, request.events, request.command?.id);
  if ("outcome" in checked) return checked;
  const conflict = findConflict(call.ledger, request) ?? checkCondition(call.ledger, request, chain);
  if (conflict !== undefined) return conflict;
  const firstPosition = headOf(call.ledger).position + 1n;
  for (const [index, event] of request.events.entries()) record(call, event, checked[index] as CheckedMetadata);
  const lastPosition = headOf(call.ledger).position;
  keepCommand(call, request.command, { outcome: "recorded", code: null, reason: null, firstPosition, lastPosition });
  return { outcome: "recorded", duplicate: false, events: recordedBetween(call.ledger, firstPosition, lastPosition) };
}

/** What became of a command the first time; unless this is another request. */
function repeatOutcome(ledger: MemoryLedger, { command }: AppendRequest, known: MemoryCommand): AppendOutcome {
  if (command === undefined || !equalBytes(known.requestHash, command.requestHash))
    return { outcome: "command-id-reused", commandId: known.commandId };
  const { outcome, code, reason, firstPosition, lastPosition } = known;
  if (outcome === "rejected" && code !== null)
    return { outcome, duplicate: true, code, reason, position: firstPosition };
  const events =
    firstPosition === null || lastPosition === null ? [] : recordedBetween(ledger, firstPosition, lastPosition);
  return { outcome: "recorded", duplicate: true, events };
}

function requestProblem({ events, command, rejection }: AppendRequest): Problem | undefined {
  if (rejection === undefined && events.length === 0)
    return { code: "invalid-argument", message: "there is no event to append" };
  if (events.length > maxEvents) return { code: "too-large", message: "one request has at most 65,536 events" };
  if (command === undefined) return undefined;
  if (!isName(command.id)) return { code: "invalid-name", message: "a command id has 1 to 512 bytes of UTF-8" };
  if (command.requestHash.length === 32) return undefined;
  return { code: "invalid-argument", message: "a request hash has 32 bytes" };
}

/** What each event's metadata says; or the refusal of the first event that may not be stored. */
function checkEvents(
  ledger: MemoryLedger,
  events: readonly NewEvent[],
  commandId: string | undefined,
  byLedger = false,
): CheckedMetadata[] | Refusal {
  const ids = new Set<string>();
  const checked: CheckedMetadata[] = [];
  for (const [index, event] of events.entries()) {
    const found = checkEvent(event, byLedger);
    const problem = "code" in found ? found : (commandProblem(found, commandId) ?? idProblem(ledger, event.id, ids));
    if (problem !== undefined) return { outcome: "refused", ...problem, event: index };
    ids.add(event.id);
    checked.push(found as CheckedMetadata);
  }
  return checked;
}

function commandProblem({ commandId }: CheckedMetadata, expected: string | undefined): Problem | undefined {
  if (commandId === (expected ?? null)) return undefined;
  const message = "metadata.commandId is the command's id, and absent without a command";
  return { code: "invalid-argument", message };
}

function idProblem(ledger: MemoryLedger, id: string, ids: ReadonlySet<string>): Problem | undefined {
  if (ledger.byId.has(id)) return { code: "duplicate-id", message: "an event with this id is recorded already" };
  return ids.has(id) ? { code: "duplicate-id", message: "two events of one request have one id" } : undefined;
}

function findConflict(ledger: MemoryLedger, { expected }: AppendRequest): AppendOutcome | undefined {
  for (const { stream, version } of expected) {
    const actual = BigInt(ledger.byStream.get(stream)?.length ?? 0);
    if (!holds(version, actual)) return { outcome: "conflict", stream, expected: version, actual };
  }
  return undefined;
}

function holds(expected: ExpectedVersion, actual: bigint): boolean {
  if (expected === "any") return true;
  if (expected === "exists") return actual > 0n;
  return actual === (expected === "none" ? 0n : expected);
}

function checkCondition(ledger: MemoryLedger, request: AppendRequest, chain: Chain): AppendOutcome | undefined {
  if (request.condition === undefined) return undefined;
  const { failIfEventsMatch, after = 0n } = request.condition;
  if (after > headOf(ledger).position)
    return {
      outcome: "refused",
      code: "invalid-argument",
      message: "the condition's `after` is past the head of the ledger",
    };
  const positions: bigint[] = [];
  for (const { position } of eventsSince(ledger, failIfEventsMatch, after)) {
    if (chain.recorded.has(position)) continue;
    positions.push(position);
    if (positions.length === maxConflicts) break;
  }
  return positions.length === 0 ? undefined : { outcome: "condition-failed", positions };
}

function eventsSince(ledger: MemoryLedger, query: EventQuery, after: bigint): ReturnType<typeof selectEvents> {
  const last = headOf(ledger).position;
  return selectEvents(ledger, { queries: [query], filter: {}, first: after + 1n, last, backwards: false });
}

/** Records `event` past the head. */
function record(call: Call, event: NewEvent, { facts }: CheckedMetadata): void {
  const { ledger, recordedAtMicros } = call;
  const head = headOf(ledger);
  const placed = {
    ...event,
    tags: [...event.tags],
    salt: event.salt.slice(),
    metaSalt: event.metaSalt.slice(),
    position: head.position + 1n,
    version: BigInt(ledger.byStream.get(event.stream)?.length ?? 0) + 1n,
    recordedAtMicros,
    prevHash: head.hash,
  };
  const { dataHash, metaHash, contentHash, hash } = eventHash({ ...placed, ledger: ledger.record.origin });
  storeEvent(ledger, { ...placed, dataHash, metaHash, contentHash, hash }, facts);
}

function recordRejection(call: Call, { command, rejection }: AppendRequest): AppendOutcome {
  if (command === undefined || rejection === undefined) throw new Error("a rejection is of a command");
  const { code, reason = null } = rejection;
  const { id, actor = null, type = null } = command;
  const data = canonicalJson({ actor, code, command: id, type });
  const whole = { stream: "$audit", type: "$CommandRejected", schema: 1, tags: [], data };
  const events = rejection.event === undefined ? [] : [{ ...rejection.event, ...whole }];
  const checked = checkEvents(call.ledger, events, id, true);
  if ("outcome" in checked) return checked;
  const before = headOf(call.ledger).position;
  for (const [index, event] of events.entries()) record(call, event, checked[index] as CheckedMetadata);
  const position = events.length === 0 ? null : before + 1n;
  keepCommand(call, command, { outcome: "rejected", code, reason, firstPosition: position, lastPosition: position });
  return { outcome: "rejected", duplicate: false, code, reason, position };
}

function keepCommand(
  { ledger, recordedAtMicros }: Call,
  command: AppendRequest["command"],
  became: Pick<MemoryCommand, "outcome" | "code" | "reason" | "firstPosition" | "lastPosition">,
): void {
  if (command === undefined) return;
  const { id, type = null, actor = null, requestHash } = command;
  ledger.commands.set(id, {
    commandId: id,
    ...became,
    type,
    actor,
    requestHash: requestHash.slice(),
    atMicros: recordedAtMicros,
  });
}
