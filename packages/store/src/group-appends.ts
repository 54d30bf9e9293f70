import { LedgerError, type LedgerErrorCode } from "@eventchain/core";
import { abortedError, throwIfAborted } from "./abort.ts";
import { lengthOf, maxCallNames, namesOf } from "./check-request.ts";
import type { AppendOutcome, AppendRequest, EventStore } from "./port.ts";

/** A group is sent before it would pass any of these bounds; a request or chain that passes one by itself goes alone. */
export interface GroupOptions {
  /** Requests in a group. Default 512. */
  maxRequests?: number;
  /** Events in a group. Default 1,024. */
  maxEvents?: number;
  /** UTF-16 units of data, metadata and conditions in a group. Default 4 Mi. */
  maxLength?: number;
  /** Streams, types and tags in the conditions of a group. Default, and at most, 16,384: a call takes no more. */
  maxNames?: number;
  /** Whether a ledger's groups are sent one at a time. Default: one is sent while another is being recorded. */
  isAlone?: (ledgerId: bigint) => boolean;
}

/** The bounds of a group. */
type Limits = Required<Omit<GroupOptions, "isAlone">>;

const defaultMaxRequests = 512;
const defaultMaxEvents = 1_024;
const defaultMaxLength = 4 * 1024 * 1024;
const defaultMaxNames = maxCallNames;
/** How many of a ledger's groups are with the store at a time. */
const GROUPS_SENT = 2;
/** From so many requests on, those that wait are sent as two groups: the second is on its way while the first is recorded. */
const SPLIT_REQUESTS = 32;

export interface GroupedAppends {
  /**
   * Appends with others that wait for the same ledger, in one call. First come, first served. An abort is honoured
   * until the request's group is sent (LedgerError `aborted`: nothing was appended); from then on the outcome counts.
   * Errors: those of `EventStore.append`.
   */
  append(ledgerId: bigint, request: AppendRequest, options?: { signal?: AbortSignal }): Promise<AppendOutcome>;
  /**
   * Appends requests that were decided one on top of the other, as one chain (its number is given here), in one call with
   * what else waits. An abort takes the whole chain back.
   *
   * Of one whose conditions name more than a call takes, the first requests are sent that it takes. Where the database
   * cannot take it, its first half is sent again, and so on; the rest is `dependency-failed`, to be
   * decided again on what is there then. So what is recorded of a chain was recorded by one call, neighbours in the ledger.
   * A first request that the database cannot take by itself is `failed`. Other errors are the whole chain's.
   */
  appendChain(
    ledgerId: bigint,
    requests: readonly AppendRequest[],
    options?: { signal?: AbortSignal },
  ): Promise<ChainOutcome[]>;
  /** Waits until every append has its outcome. It has no end while new ones come. */
  drain(): Promise<void>;
}

/** `failed`: the call of this request alone threw `error`. */
export type ChainOutcome = AppendOutcome | { outcome: "failed"; error: unknown };

/** A chain, or a lone request, which is a chain of one. */
interface Waiting {
  requests: readonly AppendRequest[];
  events: number;
  length: number;
  names: number;
  signal: AbortSignal | undefined;
  onAbort: () => void;
  resolve(outcomes: ChainOutcome[]): void;
  reject(error: unknown): void;
}

/**
 * One ledger's appends. Each waits in `waiting`, in order, until it is taken into a group. Two groups at a time are with
 * the store, which records them in order: while one is recorded the other's callers are answered and its successor is
 * made, so that neither the database nor this process waits for the other. Callers who all wait for one answer would all
 * be answered at once, and so are halved where there are many. The next group is taken at the end of the turn in which
 * there is room for it: callers who append in one turn share a group, a lone one waits for nobody.
 */
interface Lane {
  waiting: Waiting[];
  sent: number;
  scheduled: boolean;
}

/** Takes from the front what fits into one group, one chain at least. */
function takeGroup(waiting: Waiting[], limits: Limits): Waiting[] {
  let count = 0;
  let requests = 0;
  let events = 0;
  let length = 0;
  let names = 0;
  for (const each of waiting) {
    requests += each.requests.length;
    events += each.events;
    length += each.length;
    names += each.names;
    const fits = requests <= limits.maxRequests && events <= limits.maxEvents && length <= limits.maxLength;
    if (count > 0 && !(fits && names <= limits.maxNames)) break;
    count += 1;
  }
  return waiting.splice(0, count);
}

/** The group's requests in one list, each chain of several with a number. */
function listRequests(group: readonly Pick<Waiting, "requests">[]): AppendRequest[] {
  let chains = 0;
  return group.flatMap(({ requests }) => {
    const chain = requests.length > 1 ? chains++ : undefined;
    return requests.map((request) => withChain(request, chain));
  });
}

function withChain(request: AppendRequest, chain: number | undefined): AppendRequest {
  const { chain: _, ...lone } = request;
  return chain === undefined ? lone : { ...lone, chain };
}

/** What a group can be refused with because of one of its requests: by the database, or by an inline projection. */
const POISONED: readonly LedgerErrorCode[] = ["database-failed", "too-large", "projection-failed"];

function mayBePoisoned(error: unknown): boolean {
  return !(error instanceof LedgerError) || POISONED.includes(error.code);
}

type Appender = Pick<EventStore, "append">;

async function sendRequests(
  store: Appender,
  ledgerId: bigint,
  requests: readonly AppendRequest[],
): Promise<AppendOutcome[]> {
  const outcomes = await store.append(ledgerId, requests);
  if (outcomes.length !== requests.length) throw new Error("the store gave another number of outcomes");
  return outcomes;
}

/** Sends the first `count` requests of a chain, or as many of them as the database can take. */
async function sendChain(
  store: Appender,
  ledgerId: bigint,
  chain: Pick<Waiting, "requests">,
  count: number,
): Promise<ChainOutcome[]> {
  const rest = (from: number): ChainOutcome[] =>
    chain.requests.slice(from).map(() => ({ outcome: "dependency-failed" }));
  try {
    const requests = listRequests([{ requests: chain.requests.slice(0, count) }]);
    return [...(await sendRequests(store, ledgerId, requests)), ...rest(count)];
  } catch (error) {
    if (!mayBePoisoned(error)) throw error;
    if (count === 1) return [{ outcome: "failed", error }, ...rest(1)];
    return sendChain(store, ledgerId, chain, Math.ceil(count / 2));
  }
}

/** How many of a chain's first requests one call takes, by the names in their conditions; one at least. */
function countFitting({ requests }: Pick<Waiting, "requests">): number {
  let names = 0;
  const over = requests.findIndex((request) => {
    names += namesOf(request);
    return names > maxCallNames;
  });
  return over === -1 ? requests.length : Math.max(over, 1);
}

/** What one of a group is told of the error of its call: of the ids of events only its own, others are other people's. */
function ownError(error: unknown, { requests: [request, ...more] }: Pick<Waiting, "requests">): unknown {
  if (!(error instanceof LedgerError) || error.values.eventIds === undefined) return error;
  const { code, message, cause, retryable, values } = error;
  const { eventIds: _, ...others } = values;
  const own = more.length === 0 ? (request?.events[0]?.id ?? request?.rejection?.event?.id) : undefined;
  const told = own === undefined ? others : { ...others, eventIds: [own] };
  return new LedgerError(code, message, { cause, retryable, values: told });
}

/** Sends a group and settles each of its promises; never throws. */
async function sendGroup(store: Appender, ledgerId: bigint, group: readonly Waiting[]): Promise<void> {
  const [only] = group;
  if (only !== undefined && group.length === 1 && only.names > maxCallNames) {
    await sendChain(store, ledgerId, only, countFitting(only)).then(only.resolve, (error) =>
      only.reject(ownError(error, only)),
    );
    return;
  }
  const requests = listRequests(group);
  try {
    const outcomes = await sendRequests(store, ledgerId, requests);
    let first = 0;
    for (const each of group) {
      const next = first + each.requests.length;
      each.resolve(outcomes.slice(first, next));
      first = next;
    }
  } catch (error) {
    if (requests.length === 1 || !mayBePoisoned(error)) for (const each of group) each.reject(ownError(error, each));
    else await sendApart(store, ledgerId, group);
  }
}

/** Each chain by itself; what has failed just so already, from its first half. */
async function sendApart(store: Appender, ledgerId: bigint, group: readonly Waiting[]): Promise<void> {
  for (const each of group) {
    const { length } = each.requests;
    const count = group.length > 1 ? length : Math.ceil(length / 2);
    await sendChain(store, ledgerId, each, count).then(each.resolve, (error) => each.reject(ownError(error, each)));
  }
}

/**
 * Gathers the appends that callers have waiting and sends them as groups, so that the price of a commit is paid once
 * for many. An append that the database cannot take fails alone: its group is sent again, chain by chain.
 */
export function groupAppends(store: Pick<EventStore, "append">, options: GroupOptions = {}): GroupedAppends {
  const { maxRequests = defaultMaxRequests, maxEvents = defaultMaxEvents, maxLength = defaultMaxLength } = options;
  const { maxNames = defaultMaxNames, isAlone = () => false } = options;
  const limits: Limits = { maxRequests, maxEvents, maxLength, maxNames };
  const lanes = new Map<bigint, Lane>();
  let drained: PromiseWithResolvers<void> | undefined;

  function settle(ledgerId: bigint, lane: Lane): void {
    if (lane.scheduled || lane.waiting.length > 0 || lane.sent > 0) return;
    lanes.delete(ledgerId);
    if (lanes.size > 0) return;
    drained?.resolve();
    drained = undefined;
  }

  function send(ledgerId: bigint, lane: Lane): void {
    lane.scheduled = false;
    const room = isAlone(ledgerId) ? 1 : GROUPS_SENT;
    while (lane.waiting.length > 0 && lane.sent < room) {
      const isSplit = lane.sent === 0 && room > 1 && lane.waiting.length >= SPLIT_REQUESTS;
      const maxRequests = isSplit ? Math.min(limits.maxRequests, lane.waiting.length >> 1) : limits.maxRequests;
      const group = takeGroup(lane.waiting, { ...limits, maxRequests });
      for (const each of group) each.signal?.removeEventListener("abort", each.onAbort);
      lane.sent += 1;
      void sendGroup(store, ledgerId, group).then(() => {
        lane.sent -= 1;
        schedule(ledgerId, lane);
      });
    }
    settle(ledgerId, lane);
  }

  /** At the end of the turn: whoever is woken by the same outcomes appends before the next group is taken. */
  function schedule(ledgerId: bigint, lane: Lane): void {
    if (lane.scheduled) return;
    lane.scheduled = true;
    process.nextTick(send, ledgerId, lane);
  }

  function wait(
    ledgerId: bigint,
    requests: readonly AppendRequest[],
    signal: AbortSignal | undefined,
  ): Promise<ChainOutcome[]> {
    return new Promise((resolve, reject) => {
      throwIfAborted(signal);
      const lane = lanes.get(ledgerId) ?? { waiting: [], sent: 0, scheduled: false };
      lanes.set(ledgerId, lane);
      const onAbort = (): void => {
        if (signal === undefined) return;
        lane.waiting.splice(lane.waiting.indexOf(each), 1);
        reject(abortedError(signal));
        settle(ledgerId, lane);
      };
      const events = requests.reduce((sum, request) => sum + request.events.length, 0);
      const length = requests.reduce((sum, request) => sum + lengthOf(request), 0);
      const names = requests.reduce((sum, request) => sum + namesOf(request), 0);
      const each: Waiting = { requests, events, length, names, signal, onAbort, resolve, reject };
      signal?.addEventListener("abort", onAbort, { once: true });
      lane.waiting.push(each);
      schedule(ledgerId, lane);
    });
  }

  return {
    async append(ledgerId, request, { signal } = {}) {
      const [outcome] = await wait(ledgerId, [request], signal);
      if (outcome === undefined) throw new Error("each request has an outcome");
      if (outcome.outcome === "failed") throw outcome.error;
      return outcome;
    },
    async appendChain(ledgerId, requests, { signal } = {}) {
      return requests.length === 0 ? [] : wait(ledgerId, requests, signal);
    },
    async drain() {
      if (lanes.size === 0) return;
      drained ??= Promise.withResolvers<void>();
      await drained.promise;
    },
  };
}
