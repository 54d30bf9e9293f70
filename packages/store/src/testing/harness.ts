import assert from "node:assert/strict";
import {
  createGenesis,
  eventHash,
  genesisHash,
  MAX_INT63,
  randomBytes,
  sha256,
  signerFromSeed,
  utf8,
  uuidv7,
} from "@eventchain/core";
import type {
  AppendOutcome,
  AppendRequest,
  EventStore,
  ExpectedVersion,
  NewEvent,
  ReadEvent,
  RecordedEvent,
  StoredEvent,
} from "../port.ts";

/** What the suite needs of an adapter. */
export interface StoreUnderTest {
  store: EventStore;
  /** The same data by connections of its own, as another process would have it. The suite closes it. */
  another(): Promise<EventStore>;
}

export interface TestLedger {
  ledgerId: bigint;
  origin: string;
  genesisHash: Uint8Array;
}

/** What a case is given: a ledger of its own, whose chain is recomputed when the case is over. */
interface CaseContext extends StoreUnderTest {
  ledger: TestLedger;
  newLedger(): Promise<TestLedger>;
}

export interface ConformanceCase {
  name: string;
  run(context: CaseContext): Promise<void>;
}

/** A ledger that no other test has. */
export function newLedgerInput(): { origin: string; genesis: string; vkey: string } {
  const origin = `conformance.test/${uuidv7(0n)}`;
  const { vkey } = signerFromSeed(origin, new Uint8Array(32));
  return { origin, genesis: createGenesis({ origin, vkey }), vkey };
}

export async function createTestLedger(store: EventStore): Promise<TestLedger> {
  const { origin, genesis, vkey } = newLedgerInput();
  const { ledgerId } = await store.createLedger({ origin, genesis, vkey });
  return { ledgerId, origin, genesisHash: genesisHash(genesis) };
}

/** An event that any store takes; `parts` replace its own. */
export function newEvent(parts: Partial<NewEvent> = {}): NewEvent {
  return {
    stream: "ticket-1",
    type: "TicketOpened",
    schema: 1,
    tags: [],
    data: '{"title":"Printer"}',
    metadata: '{"actor":"ada"}',
    id: uuidv7(1_763_683_200_000n),
    salt: randomBytes(16),
    metaSalt: randomBytes(16),
    ...parts,
  };
}

/** A request of one event for each element. */
export function request(
  events: readonly Partial<NewEvent>[] = [{}],
  expected: Readonly<Record<string, ExpectedVersion>> = {},
): AppendRequest {
  return {
    events: events.map(newEvent),
    expected: Object.entries(expected).map(([stream, version]) => ({ stream, version })),
  };
}

/** A request with a command id; `content` is what its request hash stands for. */
export function commandRequest(commandId: string, content: string, parts: Partial<NewEvent> = {}): AppendRequest {
  const metadata = JSON.stringify({ actor: "ada", commandId });
  return {
    events: [newEvent({ metadata, ...parts })],
    expected: [],
    command: { id: commandId, requestHash: sha256(utf8(content)), type: "OpenTicket", actor: "ada" },
  };
}

export async function appendOne(
  store: Pick<EventStore, "append">,
  ledgerId: bigint,
  one: AppendRequest,
): Promise<AppendOutcome> {
  const outcomes = await store.append(ledgerId, [one]);
  assert.equal(outcomes.length, 1);
  return outcomes[0] as AppendOutcome;
}

/** The events of an outcome that must be `recorded`. */
export function recorded(outcome: AppendOutcome | undefined): RecordedEvent[] {
  assert.equal(
    outcome?.outcome,
    "recorded",
    JSON.stringify(outcome, (_, value) => (typeof value === "bigint" ? String(value) : value)),
  );
  return (outcome as Extract<AppendOutcome, { outcome: "recorded" }>).events;
}

export function positions(events: readonly { position: bigint }[]): bigint[] {
  return events.map(({ position }) => position);
}

export async function collect(events: AsyncIterable<StoredEvent>): Promise<StoredEvent[]> {
  const all: StoredEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

/** All events of batches, none of which may be empty. */
export async function collectBatches(batches: AsyncIterable<readonly ReadEvent[]>): Promise<ReadEvent[]> {
  const events: ReadEvent[] = [];
  for await (const batch of batches) {
    assert(batch.length > 0, "a batch has an event");
    events.push(...batch);
  }
  return events;
}

/** A stored event as readers get it, by its definition. */
export function asRead(stored: StoredEvent): ReadEvent {
  const { position, stream, version, id, type, schema, tags, recordedAtMicros, data, metadata, hash } = stored;
  const texts = { data: data && JSON.parse(data), metadata: metadata && JSON.parse(metadata) };
  return { position, stream, version, id, type, schema, tags, recordedAtMicros, ...texts, hash: hexOf(hash) };
}

/** Recomputes a ledger from its texts: positions and versions without a gap, each hash, the head. */
export async function checkChain(store: EventStore, ledger: TestLedger): Promise<void> {
  const versions = new Map<string, bigint>();
  let position = 0n;
  let prevHash = ledger.genesisHash;
  let recordedAtMicros = -MAX_INT63;
  for await (const event of store.readAll(ledger.ledgerId)) {
    position += 1n;
    const version = (versions.get(event.stream) ?? 0n) + 1n;
    versions.set(event.stream, version);
    assert.equal(event.position, position);
    assert.equal(event.version, version, `version in ${event.stream}`);
    assert(event.recordedAtMicros >= recordedAtMicros, `position ${position} is recorded before its predecessor`);
    const { data, salt, metadata, metaSalt } = event;
    assert(data !== null && salt !== null && metadata !== null && metaSalt !== null);
    const hashes = eventHash({ ...event, data, salt, metadata, metaSalt, ledger: ledger.origin, prevHash });
    assert.deepEqual(
      [event.dataHash, event.metaHash, event.contentHash, event.prevHash, event.hash].map(hexOf),
      [hashes.dataHash, hashes.metaHash, hashes.contentHash, prevHash, hashes.hash].map(hexOf),
      `hashes at position ${position}`,
    );
    prevHash = event.hash;
    recordedAtMicros = event.recordedAtMicros;
  }
  const head = await store.head(ledger.ledgerId);
  assert.equal(head.position, position);
  assert.equal(hexOf(head.hash), hexOf(prevHash));
}

export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
