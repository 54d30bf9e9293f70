import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  inclusionProof,
  leafHash,
  sha256,
  signerFromSeed,
  tilesForInclusion,
  utf8,
  verifyInclusion,
} from "@eventchain/core";
import { openPostgresLog } from "@eventchain/store";
import { openFileGuard, sealBatch } from "@eventchain/workers";
import pg from "pg";
import { createLedgers, fillLedger } from "../harness/fill-ledger.ts";
import type { BenchCase, Contender, OpenSuite, Sample, Target } from "../harness/types.ts";
import { entryAt } from "../merkle/make-entries.ts";
import { fillLog } from "../seal/fill-log.ts";

const EVENTS = 1_000_000;
const QUICK_EVENTS = 20_000;
const LOGS = [10_000, 1_000_000, 10_000_000] as const;
const QUICK_LOGS = [10_000, 100_000] as const;
const PROOFS = 500;
const WARM_UP_PROOFS = 100;
const BATCH = 65_536;
const OURS = "eventchain";

type CreateDatabase = (name: string) => Promise<string>;

const sealCase = (events: number): string => `${events.toLocaleString("en-US")} events sealed`;
const proofCase = (size: number): string => `a proof from tiles, ${size.toLocaleString("en-US")} events`;
const secondsSince = (start: number): number => (performance.now() - start) / 1000;

/** As if nothing had ever been sealed. */
async function unseal(pool: pg.Pool, ledgerId: bigint): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query("begin");
    await client.query("set local session_replication_role = replica");
    for (const table of ["log_tiles", "checkpoints"])
      await client.query(`delete from eventchain.${table} where ledger_id = $1`, [ledgerId]);
    await client.query("update eventchain.watermarks set sealed_size = 0 where ledger_id = $1", [ledgerId]);
    await client.query("commit");
    await client.query("vacuum eventchain.log_tiles, eventchain.checkpoints");
    // What the round before left to be written is not this one's to wait for.
    await client.query("checkpoint");
  } finally {
    client.release();
  }
}

/** Seals all of a ledger as a worker's stage does: batch after batch, with a guard of files. */
async function sealAll(pool: pg.Pool, ledgerId: bigint, origin: string, events: number): Promise<Sample> {
  await unseal(pool, ledgerId);
  const folder = await mkdtemp(join(tmpdir(), "eventchain-bench-guard-"));
  const signer = signerFromSeed(origin, sha256(utf8(origin)));
  const deps = { log: openPostgresLog(pool), guard: openFileGuard(folder), signerFor: () => signer };
  try {
    const start = performance.now();
    for (let size = 0n; size < BigInt(events); ) {
      const result = await sealBatch(deps, { ledgerId });
      if (result.kind !== "sealed") throw new Error(`the ledger was not sealed: ${result.kind}`);
      size = result.size;
    }
    return { count: events, seconds: secondsSince(start) };
  } finally {
    await deps.guard.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** The stored hashes alone, as many at a time as a seal takes: nothing is recomputed, and nothing written. */
async function fetchHashes(pool: pg.Pool, ledgerId: bigint, events: number): Promise<Sample> {
  const start = performance.now();
  let bytes = 0;
  for (let from = 0; from < events; from += BATCH) {
    const { rows } = await pool.query<{ hashes: Uint8Array }>(
      `select string_agg(hash, ''::bytea order by position) as hashes from eventchain.events
       where ledger_id = $1 and position > $2 and position <= $3`,
      [ledgerId, from, from + BATCH],
    );
    bytes += rows[0]?.hashes.length ?? 0;
  }
  if (bytes !== 32 * events) throw new Error("hashes are missing");
  return { count: events, seconds: secondsSince(start) };
}

interface Opened {
  pool: pg.Pool;
  ledgerId: bigint;
}

/** Opens on the first call, whoever's it is. */
function openOnce<Value>(open: () => Promise<Value>): () => Promise<Value> {
  let opened: Promise<Value> | undefined;
  return () => (opened ??= open());
}

async function openLedger(url: string, origin: string): Promise<Opened> {
  const [ledgerId] = (await createLedgers(url, origin)) as [bigint];
  return { pool: new pg.Pool({ connectionString: url }), ledgerId };
}

function openSealCase(events: number, createDatabase: CreateDatabase): BenchCase {
  const origin = `seal-${events}.bench`;
  const opened = openOnce(async () => {
    const url = await createDatabase(`seal_${events}`);
    const ledger = await openLedger(url, origin);
    await fillLedger(url, origin, events);
    await ledger.pool.query("vacuum analyze");
    return ledger;
  });
  const contender = (
    name: string,
    kind: Contender["kind"],
    run: (pool: pg.Pool, ledgerId: bigint) => Promise<Sample>,
  ): Contender => ({
    ...{ name, kind },
    prepare: async () => void (await opened()),
    run: async () => {
      const { pool, ledgerId } = await opened();
      return run(pool, ledgerId);
    },
  });
  const ours = contender(OURS, "ours", (pool, ledgerId) => sealAll(pool, ledgerId, origin, events));
  const bare = contender("fetch of the hashes", "bare", (pool, ledgerId) => fetchHashes(pool, ledgerId, events));
  return {
    name: sealCase(events),
    x: events,
    contenders: [{ ...ours, close: async () => (await opened()).pool.end() }, bare],
  };
}

/** Indices all over the log, the same in each run. */
function indexOf(round: number, number: number, size: number): number {
  return ((round * PROOFS + number) * 2_654_435_761) % size;
}

function openProofCase(size: number, createDatabase: CreateDatabase): BenchCase {
  const origin = `proof-${size}.bench`;
  const opened = openOnce(async () => {
    const ledger = await openLedger(await createDatabase(`proof_${size}`), origin);
    const log = openPostgresLog(ledger.pool);
    const entries = await fillLog(log, ledger.ledgerId, origin, size);
    await ledger.pool.query("vacuum analyze");
    return { ...ledger, log, entries };
  });
  /** What `prove` does once it has the event: the checkpoint, the tiles, the path, and a check of it. */
  const proveOnce = async (index: number): Promise<number> => {
    const { log, ledgerId, entries } = await opened();
    const start = performance.now();
    const checkpoint = await log.checkpoint(ledgerId, { atLeast: BigInt(index + 1) });
    if (checkpoint === undefined) throw new Error("there is a checkpoint");
    const place = { index: BigInt(index), size: checkpoint.size };
    const tiles = await log.tiles(ledgerId, tilesForInclusion(place.index, place.size));
    const path = inclusionProof(tiles, place.index, place.size);
    const hash = leafHash(entryAt(entries, index));
    if (!verifyInclusion({ ...place, leafHash: hash, path, root: checkpoint.root })) throw new Error("no such proof");
    return performance.now() - start;
  };
  const ours: Contender = {
    ...{ name: OURS, kind: "ours" },
    async prepare() {
      await opened();
      for (let i = 0; i < WARM_UP_PROOFS; i++) await proveOnce(indexOf(0, i, size));
    },
    async run(round) {
      const latenciesMs: number[] = [];
      for (let i = 0; i < PROOFS; i++) latenciesMs.push(await proveOnce(indexOf(round + 1, i, size)));
      return { count: PROOFS, seconds: latenciesMs.reduce((sum, ms) => sum + ms, 0) / 1000, latenciesMs };
    },
    close: async () => (await opened()).pool.end(),
  };
  return { name: proofCase(size), contenders: [ours] };
}

export const suite: OpenSuite = async ({ isQuick, options, createDatabase }) => {
  const events = Number(options.get("events") ?? (isQuick ? QUICK_EVENTS : EVENTS));
  const logs = isQuick ? QUICK_LOGS : LOGS;
  const greatest = Math.max(...LOGS);
  const latencyTarget = (percentile: "p50" | "p99"): Target => ({
    id: `seal.proof.${percentile}`,
    text: `${percentile} of ${proofCase(greatest)}`,
    measure: (results) => results.find(proofCase(greatest), OURS)?.latencyMs?.[percentile],
    unit: "ms",
    atMost: 2,
  });
  return {
    name: "seal",
    title: "Sealing, from events in Postgres to a signed checkpoint, and proofs from the log's tiles",
    unit: "events/s, proofs/s",
    cases: [
      ...[events / 10, events].map((count) => openSealCase(count, createDatabase)),
      ...logs.map((size) => openProofCase(size, createDatabase)),
    ],
    xAxis: { label: "events", log: true },
    targets: [
      {
        id: "seal.rate",
        text: `${sealCase(events)}, from Postgres to the signed checkpoint`,
        measure: (results) => results.find(sealCase(events), OURS)?.rate.median,
        unit: "events/s",
        atLeast: 150_000,
      },
      latencyTarget("p50"),
      latencyTarget("p99"),
    ],
    notes: [
      "Sealed is by the workers' own `sealBatch`, at most 65,536 events a batch: every event's hashes are recomputed from its stored texts and compared, tiles and signed checkpoint are written and committed durably, with a guard of files outside.",
      "Fetch of the hashes: the stored hashes alone, a batch at a time, with nothing recomputed or written.",
      "A proof: the covering checkpoint and the tiles are read from Postgres, the path is made and checked; 500 a round at places all over a log of invented event hashes.",
      "--events N: events of the greater case; the lesser one has a tenth.",
    ],
  };
};
