import type { Bytes } from "@eventchain/core";
import type { CommandRecord, KeptSchema, LedgerRecord, RecordedEvent, StoredEvent } from "../port.ts";
import type { HandlerRow } from "../postgres/handlers/port.ts";
import type { StoredSnapshot } from "../postgres/snapshots/port.ts";

/** What metadata says that readers filter by; null where it says nothing. */
export interface MetadataFacts {
  actor: string | null;
  ip: string | null;
  correlationId: string | null;
  causationId: string | null;
}

/** A command id with what became of it. Of a rejection, the positions are its `$CommandRejected`'s, if any. */
export type MemoryCommand = Omit<CommandRecord, "state" | "events">;

/**
 * One ledger in memory. `events[n]` stands at position n + 1. The indexes list positions in order, so that whatever is
 * asked of a stream, a tag or a type costs what it has, not what the ledger has.
 */
export interface MemoryLedger {
  record: LedgerRecord;
  events: StoredEvent[];
  facts: MetadataFacts[];
  byStream: Map<string, number[]>;
  byTag: Map<string, number[]>;
  byType: Map<string, number[]>;
  byId: Map<string, number>;
  commands: Map<string, MemoryCommand>;
  /** By type, then by version. */
  schemas: Map<string, Map<number, KeptSchema>>;
  /** By branch, in the order of their positions and schemas. */
  snapshots: Map<string, MemorySnapshot[]>;
  handlers: Map<string, HandlerRow>;
}

/** A snapshot without its event, which stands among the events. */
export type MemorySnapshot = Omit<StoredSnapshot, "event">;

export function newMemoryLedger(record: LedgerRecord): MemoryLedger {
  return {
    record,
    events: [],
    facts: [],
    byStream: new Map(),
    byTag: new Map(),
    byType: new Map(),
    byId: new Map(),
    commands: new Map(),
    schemas: new Map(),
    snapshots: new Map(),
    handlers: new Map(),
  };
}

/** The newest event's position and hash; 0 and the genesis hash while there is none. */
export function headOf(ledger: MemoryLedger): { position: bigint; hash: Bytes } {
  return { position: BigInt(ledger.events.length), hash: ledger.events.at(-1)?.hash ?? ledger.record.genesisHash };
}

/** Adds an event, whose position is the next one, and indexes it. */
export function storeEvent(ledger: MemoryLedger, event: StoredEvent, facts: MetadataFacts): void {
  ledger.events.push(event);
  ledger.facts.push(facts);
  const position = ledger.events.length;
  ledger.byId.set(event.id, position);
  addTo(ledger.byStream, event.stream, position);
  addTo(ledger.byType, event.type, position);
  for (const tag of event.tags) addTo(ledger.byTag, tag, position);
}

function addTo(index: Map<string, number[]>, key: string, position: number): void {
  const positions = index.get(key);
  if (positions === undefined) index.set(key, [position]);
  else positions.push(position);
}

/** The event at a position that is known to exist. */
export function eventAt(ledger: MemoryLedger, position: number): StoredEvent {
  const event = ledger.events[position - 1];
  if (event === undefined) throw new Error(`no event at position ${position}`);
  return event;
}

/** Where the events from one position to another came to stand, both inclusive. */
export function recordedBetween(ledger: MemoryLedger, first: bigint, last: bigint): RecordedEvent[] {
  return ledger.events
    .slice(Number(first) - 1, Number(last))
    .map(({ position, stream, version, id, hash, recordedAtMicros }) => ({
      position,
      stream,
      version,
      id,
      hash: hash.slice(),
      recordedAtMicros,
    }));
}

/** A copy: what a caller does to it is not done to the ledger. */
export function copyEvent(event: StoredEvent): StoredEvent {
  return {
    ...event,
    tags: [...event.tags],
    salt: event.salt?.slice() ?? null,
    metaSalt: event.metaSalt?.slice() ?? null,
    dataHash: event.dataHash.slice(),
    metaHash: event.metaHash.slice(),
    contentHash: event.contentHash.slice(),
    prevHash: event.prevHash.slice(),
    hash: event.hash.slice(),
  };
}
