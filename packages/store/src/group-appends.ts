import { LedgerError } from "@eventchain/core";
import { abortedError, throwIfAborted } from "./abort.ts";
import type { AppendOutcome, AppendRequest, EventStore } from "./port.ts";

/** A group is sent before it would pass any of these bounds; a request that passes one by itself goes alone. */
export interface GroupOptions {
  /** Requests in a group. Default 512. */
  maxRequests?: number;
  /** Events in a group. Default 1,024. */
  maxEvents?: number;
  /** UTF-16 units of data and metadata in a group. Default 4 Mi. */
  maxLength?: number;
}

const defaultMaxRequests = 512;
const defaultMaxEvents = 1_024;
const defaultMaxLength = 4 * 1024 * 1024;

export interface GroupedAppends {
  /**
   * Appends with others that wait for the same ledger, in one call. First come, first served. An abort is honoured
   * until the request's group is sent (LedgerError `aborted`: nothing was appended); from then on the outcome counts.
   * Errors: those of `EventStore.append`.
   */
  append(ledgerId: bigint, request: AppendRequest, options?: { signal?: AbortSignal }): Promise<AppendOutcome>;
  /** Waits until every append has its outcome. */
  drain(): Promise<void>;
}

interface Waiting {
  request: AppendRequest;
  length: number;
  signal: AbortSignal | undefined;
  onAbort: () => void;
  resolve(outcome: AppendOutcome): void;
  reject(error: unknown): void;
}

/**
 * One ledger's appends. Each waits in `waiting`, in order, until it is taken into a group. One group at a time is with
 * the store, so that appends keep the order of their calls: a second one would overtake the first when it has less to
 * hash before the lock. (Measured on two cores, two at a time were no faster.) The next group is taken at the end of
 * the turn in which there is room for it: callers who append in one turn share a group, a lone one waits for nobody.
 */
interface Lane {
  waiting: Waiting[];
  sending: boolean;
  scheduled: boolean;
}

function measure(request: AppendRequest): number {
  let length = 0;
  for (const event of request.events) length += event.data.length + event.metadata.length;
  return length;
}

/** Takes from the front what fits into one group, one request at least. */
function takeGroup(waiting: Waiting[], limits: Required<GroupOptions>): Waiting[] {
  let count = 0;
  let events = 0;
  let length = 0;
  for (const each of waiting) {
    events += each.request.events.length;
    length += each.length;
    const fits = count < limits.maxRequests && events <= limits.maxEvents && length <= limits.maxLength;
    if (count > 0 && !fits) break;
    count += 1;
  }
  return waiting.splice(0, count);
}

/** The database could not take the group as it was, although it was there: one of its requests may be to blame. */
function mayBePoisoned(error: unknown): boolean {
  return !(error instanceof LedgerError) || error.code === "database-failed" || error.code === "too-large";
}

async function sendSingly(
  store: Pick<EventStore, "append">,
  ledgerId: bigint,
  group: readonly Waiting[],
): Promise<void> {
  for (const each of group) {
    try {
      const [outcome] = await store.append(ledgerId, [each.request]);
      if (outcome === undefined) throw new Error("the store gave no outcome");
      each.resolve(outcome);
    } catch (error) {
      each.reject(error);
    }
  }
}

/** Sends a group and settles each of its promises; never throws. */
async function sendGroup(
  store: Pick<EventStore, "append">,
  ledgerId: bigint,
  group: readonly Waiting[],
): Promise<void> {
  try {
    const requests = group.map(({ request }) => request);
    const outcomes = await store.append(ledgerId, requests);
    if (outcomes.length !== group.length) throw new Error("the store gave another number of outcomes");
    for (const [index, each] of group.entries()) each.resolve(outcomes[index] as AppendOutcome);
  } catch (error) {
    if (group.length > 1 && mayBePoisoned(error)) return sendSingly(store, ledgerId, group);
    for (const each of group) each.reject(error);
  }
}

/**
 * Gathers the appends that callers have waiting and sends them as groups, so that the price of a commit is paid once
 * for many. An append that the database cannot take fails alone: its group is sent again one by one.
 */
export function groupAppends(store: Pick<EventStore, "append">, options: GroupOptions = {}): GroupedAppends {
  const { maxRequests = defaultMaxRequests, maxEvents = defaultMaxEvents, maxLength = defaultMaxLength } = options;
  const limits = { maxRequests, maxEvents, maxLength };
  const lanes = new Map<bigint, Lane>();
  let drained: PromiseWithResolvers<void> | undefined;

  function settle(ledgerId: bigint, lane: Lane): void {
    if (lane.scheduled || lane.waiting.length > 0 || lane.sending) return;
    lanes.delete(ledgerId);
    if (lanes.size > 0) return;
    drained?.resolve();
    drained = undefined;
  }

  function send(ledgerId: bigint, lane: Lane): void {
    lane.scheduled = false;
    if (lane.waiting.length > 0 && !lane.sending) {
      const group = takeGroup(lane.waiting, limits);
      for (const each of group) each.signal?.removeEventListener("abort", each.onAbort);
      lane.sending = true;
      void sendGroup(store, ledgerId, group).then(() => {
        lane.sending = false;
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

  function append(
    ledgerId: bigint,
    request: AppendRequest,
    { signal }: { signal?: AbortSignal } = {},
  ): Promise<AppendOutcome> {
    return new Promise((resolve, reject) => {
      throwIfAborted(signal);
      const lane = lanes.get(ledgerId) ?? { waiting: [], sending: false, scheduled: false };
      lanes.set(ledgerId, lane);
      const onAbort = (): void => {
        if (signal === undefined) return;
        lane.waiting.splice(lane.waiting.indexOf(each), 1);
        reject(abortedError(signal));
        settle(ledgerId, lane);
      };
      const each: Waiting = { request, length: measure(request), signal, onAbort, resolve, reject };
      signal?.addEventListener("abort", onAbort, { once: true });
      lane.waiting.push(each);
      schedule(ledgerId, lane);
    });
  }

  return {
    append,
    async drain() {
      if (lanes.size === 0) return;
      drained ??= Promise.withResolvers<void>();
      await drained.promise;
    },
  };
}
