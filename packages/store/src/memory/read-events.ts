import { throwIfAborted } from "../abort.ts";
import { checkBound } from "../check-bound.ts";
import type { AccessScope, EventQuery, Look, ReadAllOptions, ReadStreamOptions, StoredEvent } from "../port.ts";
import { checkQuery, matchesQuery } from "../query.ts";
import { type PageOptions, readPages } from "../read-pages.ts";
import { copyEvent, eventAt, headOf, type MemoryLedger } from "./memory-ledger.ts";
import { type Selection, selectEvents } from "./select-events.ts";

/** Access "all" hides nothing; the query "all" leaves out the ledger's own events. */
function checkAccess({ access = "all" }: AccessScope): EventQuery[] {
  checkQuery(access);
  return access === "all" ? [] : [access];
}

/** Copies of events that are found as they are asked for; a page at a time, so that a caller can give up between two. */
async function* pagesOf(
  found: Iterator<StoredEvent, void>,
  options: PageOptions,
): AsyncGenerator<StoredEvent, void, undefined> {
  const takePage = async (_last: StoredEvent | undefined, size: number): Promise<StoredEvent[]> => {
    const page: StoredEvent[] = [];
    for (let next = found.next(); ; next = found.next()) {
      if (next.done !== true) page.push(copyEvent(next.value));
      if (next.done === true || page.length === size) return page;
    }
  };
  yield* readPages(takePage, options);
}

/** One stream's events, by version, as of the first event that is asked for. Errors: `invalid-argument`, `aborted`. */
export async function* readStream(
  ledger: MemoryLedger,
  stream: string,
  options: ReadStreamOptions,
): AsyncGenerator<StoredEvent, void, undefined> {
  checkBound(options.after, "after");
  const access = checkAccess(options);
  const positions = ledger.byStream.get(stream) ?? [];
  const count = BigInt(positions.length);
  const { after, backwards = false } = options;
  const first = backwards ? 1n : (after ?? 0n) + 1n;
  const last = backwards && after !== undefined && after <= count ? after - 1n : count;
  function* versions(): Generator<StoredEvent, void, undefined> {
    for (let at = 0n; at <= last - first; at += 1n) {
      const event = eventAt(ledger, positions[Number(backwards ? last - at : first + at) - 1] ?? 0);
      if (access.every((query) => matchesQuery(query, event))) yield event;
    }
  }
  yield* pagesOf(versions(), options);
}

type Selecting = Omit<ReadAllOptions, "limit" | "batchSize">;

/** Which events a read's options mean, no later ones than there are now. */
function selectionOf(ledger: MemoryLedger, options: Selecting): Selection {
  const { after, to, query, filter = {}, backwards = false } = options;
  checkBound(after, "after");
  checkBound(to, "to");
  if (query !== undefined) checkQuery(query);
  const queries = [...(query === undefined ? [] : [query]), ...checkAccess(options)];
  const head = headOf(ledger).position;
  return backwards
    ? { queries, filter, backwards, first: to ?? 1n, last: after === undefined ? head : after - 1n }
    : { queries, filter, backwards, first: (after ?? 0n) + 1n, last: to ?? head };
}

/** A ledger's events, by position, as of the first event that is asked for. Errors: `invalid-argument`, `aborted`. */
export async function* readAll(
  ledger: MemoryLedger,
  options: ReadAllOptions,
): AsyncGenerator<StoredEvent, void, undefined> {
  yield* pagesOf(selectEvents(ledger, selectionOf(ledger, options)), options);
}

/** How many events a read would give. Errors: `invalid-argument`, `aborted`. */
export function countEvents(ledger: MemoryLedger, options: Selecting): bigint {
  throwIfAborted(options.signal);
  let count = 0n;
  for (const _ of selectEvents(ledger, selectionOf(ledger, options))) count += 1n;
  return count;
}

/** The head, and each context's events up to it. */
export function takeLook(ledger: MemoryLedger, contexts: readonly { query: EventQuery; after?: bigint }[]): Look {
  const { position } = headOf(ledger);
  for (const { query, after } of contexts) {
    checkQuery(query);
    checkBound(after, "after");
  }
  return { position, contexts: contexts.map((context) => readAll(ledger, { ...context, to: position })) };
}

/** The event with a position or an id, unless the access hides it. */
export function findEvent(
  ledger: MemoryLedger,
  by: { position: bigint } | { id: string },
  scope: AccessScope,
): StoredEvent | undefined {
  const access = checkAccess(scope);
  const position = "position" in by ? Number(by.position) : (ledger.byId.get(by.id) ?? 0);
  const event = ledger.events[position - 1];
  return event !== undefined && access.every((query) => matchesQuery(query, event)) ? copyEvent(event) : undefined;
}
