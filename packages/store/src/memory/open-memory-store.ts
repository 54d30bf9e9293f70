import { genesisHash, LedgerError } from "@eventchain/core";
import { checkBound } from "../check-bound.ts";
import { checkKeptSchemas } from "../check-kept-schemas.ts";
import { checkNewLedger } from "../check-new-ledger.ts";
import type { CommandRecord, EventStore, LedgerRecord } from "../port.ts";
import type { HandlerStore } from "../postgres/handlers/port.ts";
import type { SnapshotStore } from "../postgres/snapshots/port.ts";
import { appendRequests } from "./append-requests.ts";
import { memoryHandlers } from "./handlers.ts";
import { keepSchema, listSchemas } from "./keep-schemas.ts";
import { headOf, type MemoryLedger, newMemoryLedger, recordedBetween } from "./memory-ledger.ts";
import { countEvents, findEvent, readAll, readBatches, readStream, takeLook } from "./read-events.ts";
import { memorySnapshots } from "./snapshots.ts";

export interface MemoryStoreOptions {
  /** Microseconds since 1970-01-01 UTC. Default: the host's clock. */
  clock?: () => bigint;
}

/** The twin of a database: what else it keeps beside the events. */
export interface MemoryStore extends EventStore {
  readonly snapshots: SnapshotStore;
  readonly handlers: HandlerStore;
}

/**
 * An event store in this process's memory, gone with it: for tests, and for trying things out. It checks, refuses, hashes
 * and finds as the one on Postgres does, without a server. Nothing in it is ever sealed: its watermarks stay 0. An append
 * is over when its call returns, before the promise is awaited. `close` does nothing.
 */
export function openMemoryStore(options: MemoryStoreOptions = {}): MemoryStore {
  const { clock = hostClock } = options;
  const ledgers = new Map<bigint, MemoryLedger>();

  function expectLedger(ledgerId: bigint): MemoryLedger {
    const ledger = ledgers.get(ledgerId);
    if (ledger !== undefined) return ledger;
    throw new LedgerError("ledger-not-found", "there is no such ledger", { values: { ledgerId } });
  }

  /** For reads: in a ledger that is none they find nothing. */
  function ledgerOf(ledgerId: bigint): MemoryLedger {
    return ledgers.get(ledgerId) ?? newMemoryLedger(newRecord(ledgerId, "", "{}"));
  }

  function find(origin: string): LedgerRecord | undefined {
    const found = [...ledgers.values()].find(({ record }) => record.origin === origin);
    return found && copyRecord(found.record);
  }

  return {
    async createLedger(input) {
      checkNewLedger(input);
      const { origin, genesis } = input;
      if (find(origin) !== undefined)
        throw new LedgerError("ledger-exists", "there is a ledger of this origin already", { values: { origin } });
      const ledgerId = BigInt(ledgers.size + 1);
      const record = newRecord(ledgerId, origin, genesis);
      ledgers.set(ledgerId, newMemoryLedger(record));
      return copyRecord(record);
    },
    findLedger: async (origin) => find(origin),
    listLedgers: async () => [...ledgers.values()].map(({ record }) => copyRecord(record)),
    append: async (ledgerId, requests) => appendRequests(expectLedger(ledgerId), requests, clock()),
    readStream: (ledgerId, stream, read = {}) => readStream(ledgerOf(ledgerId), stream, read),
    readAll: (ledgerId, read = {}) => readAll(ledgerOf(ledgerId), read),
    readBatches: (ledgerId, read = {}) => readBatches(ledgerOf(ledgerId), read),
    findEvent: async (ledgerId, by, scope = {}) => findEvent(ledgerOf(ledgerId), by, scope),
    count: async (ledgerId, read = {}) => countEvents(ledgerOf(ledgerId), read),
    look: async (ledgerId, contexts) => takeLook(expectLedger(ledgerId), contexts),
    async head(ledgerId) {
      const { position, hash } = headOf(expectLedger(ledgerId));
      return { position, hash: hash.slice() };
    },
    async hashAt(ledgerId, position) {
      checkBound(position, "position");
      const { events, record } = expectLedger(ledgerId);
      return (position === 0n ? record.genesisHash : events[Number(position) - 1]?.hash)?.slice();
    },
    async watermarks(ledgerId) {
      expectLedger(ledgerId);
      return { sealedSize: 0n, anchoredSize: 0n, finalSize: 0n };
    },
    findCommand: async (ledgerId, commandId) => findCommand(ledgerOf(ledgerId), commandId),
    async knownCommands(ledgerId, commandIds) {
      const { commands } = ledgerOf(ledgerId);
      return new Set(commandIds.filter((id) => commands.has(id)));
    },
    keptSchemas: async (ledgerId, of) => listSchemas(ledgerOf(ledgerId), of),
    async keepSchemas(ledgerId, schemas) {
      checkKeptSchemas(schemas);
      return schemas.map((schema) => keepSchema(expectLedger(ledgerId), schema));
    },
    snapshots: memorySnapshots(expectLedger, clock),
    handlers: memoryHandlers(expectLedger, clock),
    async close() {},
  };
}

/** The time at the process's start, carried on by the monotonic clock: it never runs backwards. */
function hostClock(): bigint {
  return BigInt(Math.trunc((performance.timeOrigin + performance.now()) * 1_000));
}

function newRecord(ledgerId: bigint, origin: string, genesis: string): LedgerRecord {
  const hash = genesisHash(genesis);
  return { ledgerId, origin, genesis, genesisHash: hash, epoch: 0n, state: "open", stateReason: null };
}

function copyRecord(record: LedgerRecord): LedgerRecord {
  return { ...record, genesisHash: record.genesisHash.slice() };
}

function findCommand(ledger: MemoryLedger, commandId: string): CommandRecord | undefined {
  const command = ledger.commands.get(commandId);
  if (command === undefined) return undefined;
  const { outcome, firstPosition, lastPosition } = command;
  const hasEvents = outcome === "recorded" && firstPosition !== null && lastPosition !== null;
  return {
    ...command,
    requestHash: command.requestHash.slice(),
    state: outcome === "recorded" ? "appended" : "rejected",
    events: hasEvents ? recordedBetween(ledger, firstPosition, lastPosition) : [],
  };
}
