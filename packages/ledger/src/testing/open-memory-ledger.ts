import {
  type Bytes,
  concatBytes,
  createGenesis,
  genesisHash,
  LedgerError,
  sha256,
  signerFromSeed,
  u64,
  utf8,
} from "@eventchain/core";
import { groupAppends, type LedgerRecord, openMemoryCheckpoints, openMemoryStore } from "@eventchain/store";
import { checkObject } from "../check-keys.ts";
import { checkLedgerOptions } from "../check-ledger-options.ts";
import { openCommands } from "../commands/open-commands.ts";
import { collectDefinitions } from "../events/collect-definitions.ts";
import { openSchemas, type SchemaRegistry } from "../events/schema-registry.ts";
import { type LedgerDeps, openLedger } from "../open-ledger.ts";
import type { Report } from "../snapshots/report.ts";
import { watchHead } from "../subscribe/watch-head.ts";
import type { Ledger, LedgerOptions } from "../types.ts";
import type { WatermarkWatch } from "../watch-watermarks.ts";
import { DEFAULT_NOW_MS } from "./decide-given.ts";

export interface MemoryLedgerOptions extends LedgerOptions {
  /** Told of what is wrong with snapshots. Default: a warning of the process. */
  readonly report?: Report | undefined;
  /** Default "memory.test". */
  readonly origin?: string | undefined;
  /** What its clock says first: milliseconds since 1970-01-01 UTC. Default 2026-01-01T00:00:00Z. */
  readonly startMs?: bigint | undefined;
}

/** A ledger in this process's memory, gone with it. */
export interface MemoryLedger extends Ledger {
  /** Moves its clock on; it stands still otherwise. Milliseconds, a whole number from 0. */
  advance(delayMs: bigint | number): void;
}

/** The store of a memory ledger has this one only. */
const LEDGER_ID = 1n;

/**
 * A ledger for tests, without a server: all of the domain layer on the memory store. Its clock stands still, and ids and
 * salts are drawn from its origin, so that the same calls in the same order give the same receipts and hashes each time.
 *
 * It is never sealed: `prove` of what exists, `status`, `awaitPosition` and a receipt's `final` and `progress` throw
 * LedgerError `not-supported`, and so do steps of a subscription of another level than "appended"; a receipt's state stays
 * "appended". Postgres's row-level security is not there to be asked:
 * `rowSecurity` changes nothing.
 * Errors: LedgerError `config-invalid`, `invalid-name`, `invalid-argument`.
 */
export function openMemoryLedger(options: MemoryLedgerOptions = {}): MemoryLedger {
  checkObject(options as unknown, "memory ledger options");
  const { origin = "memory.test", startMs = DEFAULT_NOW_MS, report, ...ledgerOptions } = options;
  checkLedgerOptions(ledgerOptions);
  if (report !== undefined && typeof report !== "function")
    throw new LedgerError("config-invalid", "option report is no function", { values: { option: "report" } });
  const definitions = collectDefinitions(ledgerOptions);
  let nowMs = checkTime("startMs", startMs);
  const clock = (): bigint => nowMs;
  const random = drawFrom(origin);
  const record = newRecord(origin, random(32));
  const store = openMemoryStore({ clock: () => nowMs * 1_000n });
  // It is there when the call returns.
  void store.createLedger({ origin, genesis: record.genesis, vkey: vkeyOf(origin) });
  const appends = groupAppends(store);
  // Whoever conflicts here is in this process, and through by the next turn.
  const commands = openCommands({ store, appends, clock, random, pause: async () => undefined });
  const schemas = lazySchemas(definitions, openSchemas(store, LEDGER_ID, definitions));
  const heads = watchHead(() => store.head(LEDGER_ID));
  const checkpoints = openMemoryCheckpoints(store);
  const watching = { watch: noWatch, heads, projected: undefined, checkpoints };
  // What runs handlers is a worker's, of a database.
  const handlers = { switches: store.handlers, projections: undefined, reactions: undefined, troubles: undefined };
  const kept = { snapshots: store.snapshots, report, handlers };
  const deps = { record, store, log: unsealedLog, appends, commands, schemas, ...watching, ...kept, clock, random };
  return Object.assign(openLedger(deps, ledgerOptions), {
    advance: (delayMs: bigint | number) => {
      nowMs += checkTime("delayMs", delayMs);
    },
  });
}

function checkTime(what: string, value: bigint | number): bigint {
  if (typeof value === "bigint" && value >= 0n && value < 2n ** 48n) return value;
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return BigInt(value);
  throw new LedgerError("invalid-argument", `${what} is ${String(value)}: give whole milliseconds, from 0`, {
    values: { [what]: String(value) },
  });
}

/** Bytes that follow from a seed alone: SHA-256 over the seed's hash and a count, 32 of them at a time. */
function drawFrom(seed: string): (length: number) => Bytes {
  const key = sha256(utf8(seed));
  let count = 0n;
  return (length) => {
    const parts: Bytes[] = [];
    for (let drawn = 0; drawn < length; drawn += 32) {
      parts.push(sha256(key, u64(count)));
      count += 1n;
    }
    return concatBytes(...parts).slice(0, length);
  };
}

function vkeyOf(origin: string): string {
  return signerFromSeed(origin, sha256(utf8(origin))).vkey;
}

function newRecord(origin: string, nonce: Bytes): LedgerRecord {
  const genesis = createGenesis({ origin, vkey: vkeyOf(origin), nonce });
  const hash = genesisHash(genesis);
  return { ledgerId: LEDGER_ID, origin, genesis, genesisHash: hash, epoch: 0n, state: "open", stateReason: null };
}

/** What a new ledger has kept is nothing, but to be told so takes a promise. */
function lazySchemas(definitions: SchemaRegistry["definitions"], opening: Promise<SchemaRegistry>): SchemaRegistry {
  return {
    definitions,
    keepUsed: async (used) => (await opening).keepUsed(used),
    sendKept: async (used, send) => (await opening).sendKept(used, send),
  };
}

async function refuse(): Promise<never> {
  throw new LedgerError(
    "not-supported",
    "a memory ledger is never sealed, anchored or final: open a ledger of a database for that",
  );
}

const unsealedLog: LedgerDeps["log"] = {
  checkpoint: refuse,
  tiles: refuse,
  coveringAnchor: refuse,
  recentAnchors: refuse,
  contracts: refuse,
  alarms: refuse,
  waiting: refuse,
};

const noWatch: WatermarkWatch = { until: refuse, close: () => undefined };
