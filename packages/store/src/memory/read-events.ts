import { bytesToHex } from "@eventchain/core";
import { throwIfAborted } from "../abort.ts";
import { checkBound } from "../check-bound.ts";
import type {
  AccessScope,
  EventQuery,
  Look,
  ReadAllOptions,
  ReadBatchesOptions,
  ReadEvent,
  ReadStreamOptions,
  StoredEvent,
} from "../port.ts";
import { checkQuery, matchesQuery } from "../query.ts";
import { eachOf, type PageOptions, readPages } from "../read-pages.ts";
import { copyEvent, eventAt, headOf, type MemoryLedger } from "./memory-ledger.ts";
import { type Selection, selectEvents } from "./select-events.ts";

/** Access "all" hides nothing; the query "all" leaves out the ledger's own events. */
function checkAccess({ access = "all" }: AccessScope): EventQuery[] {
  checkQuery(access);
  return access === "all" ? [] : [access];
}

/** Events that are found as they are asked for; a page at a time, so that a caller can give up between two. */
function pagesOf(
  found: Iterator<StoredEvent, void>,
  options: PageOptions,
): AsyncGenerator<StoredEvent[], void, undefined> {
  const takePage = async (_last: StoredEvent | undefined, size: number): Promise<StoredEvent[]> => {
    const page: StoredEvent[] = [];
    for (let next = found.next(); ; next = found.next()) {
      if (next.done !== true) page.push(next.value);
      if (next.done === true || page.length === size) return page;
    }
  };
  return readPages(takePage, options, ({ data, metadata }) => (data?.length ?? 0) + (metadata?.length ?? 0));
}

/** One stream's events, by version, as of the first event that is asked for. */
async function* streamPages(
  ledger: MemoryLedger,
  stream: string,
  options: ReadStreamOptions,
): AsyncGenerator<StoredEvent[], void, undefined> {
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

/** A ledger's events, by position, as of the first event that is asked for. */
async function* allPages(
  ledger: MemoryLedger,
  options: ReadAllOptions,
): AsyncGenerator<StoredEvent[], void, undefined> {
  yield* pagesOf(selectEvents(ledger, selectionOf(ledger, options)), options);
}

/** Copies of a stream's events. Errors: `invalid-argument`, `aborted`. */
export function readStream(
  ledger: MemoryLedger,
  stream: string,
  options: ReadStreamOptions,
): AsyncGenerator<StoredEvent, void, undefined> {
  return eachOf(streamPages(ledger, stream, options), copyEvent, options.signal);
}

/** Copies of a ledger's events. Errors: `invalid-argument`, `aborted`. */
export function readAll(ledger: MemoryLedger, options: ReadAllOptions): AsyncGenerator<StoredEvent, void, undefined> {
  return eachOf(allPages(ledger, options), copyEvent, options.signal);
}

/** As readers get them, in batches. Errors: `invalid-argument`, `aborted`. */
export async function* readBatches(
  ledger: MemoryLedger,
  options: ReadBatchesOptions,
): AsyncGenerator<readonly ReadEvent[], void, undefined> {
  const pages = options.stream === undefined ? allPages(ledger, options) : streamPages(ledger, options.stream, options);
  for await (const page of pages) yield page.map(readEventOf);
}

function readEventOf({ data, metadata, tags, hash, ...event }: StoredEvent): ReadEvent {
  const { position, stream, version, id, type, schema, recordedAtMicros } = event;
  const texts = { data: parse(data), metadata: parse(metadata) };
  return {
    position,
    stream,
    version,
    id,
    type,
    schema,
    tags: [...tags],
    recordedAtMicros,
    ...texts,
    hash: bytesToHex(hash),
  };
}

function parse(text: string | null): Record<string, unknown> | null {
  return text === null ? null : JSON.parse(text);
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
