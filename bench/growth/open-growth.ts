import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256, signerFromSeed, utf8 } from "@eventchain/core";
import { type Connection, connect, type Ledger } from "@eventchain/ledger";
import { openPostgresLog, openPostgresStore, type PostgresStore } from "@eventchain/store";
import { openFileGuard, sealBatch } from "@eventchain/workers";
import pg from "pg";
import { type BenchEvent, benchEvent } from "../harness/events.ts";
import { createLedgers, fillLedger } from "../harness/fill-ledger.ts";

/** Below it a run would make a ledger several times as long, so that each run that appends has a new one. */
export const SHARED_FROM = 100_000;
const CONNECTIONS = 20;
/** Events that are appended to a ledger of their own before anything is measured. */
const WARM_UP = 20_000;

/** A ledger of a size, all sealed. */
export interface GrownLedger {
  ledgerId: bigint;
  ledger: Ledger;
  /** The next event of this ledger's own sequence: each is appended at most once. */
  next(): BenchEvent;
  /** One of those that were taken, at random. */
  peek(): BenchEvent;
  head(): Promise<bigint>;
  /** Seals what is not sealed yet; how many events. */
  seal(): Promise<bigint>;
}

export interface Growth {
  pool: pg.Pool;
  store: PostgresStore;
  databaseUrl: string;
  /** A ledger with at least so many events. From 100,000 on it is one that grows from call to call; below, it is kept. */
  open(size: number): Promise<GrownLedger>;
  /** A new ledger with just so many events. */
  make(size: number): Promise<GrownLedger>;
  close(): Promise<void>;
}

/** All ledgers are in one database, which is kept in memory as far as the server does. */
export async function openGrowth(databaseUrl: string, warmUp: number = WARM_UP): Promise<Growth> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: CONNECTIONS });
  pool.on("error", () => undefined);
  const guardDir = await mkdtemp(join(tmpdir(), "eventchain-bench-guard-"));
  const [store, connection] = [openPostgresStore({ pool }), await openConnection(databaseUrl, pool)];
  const kept = new Map<number, Promise<GrownLedger>>();
  let ledgers = 0;

  async function make(): Promise<GrownLedger & { fill(size: number): Promise<void> }> {
    ledgers += 1;
    const origin = `growth-${ledgers}.bench`;
    const [ledgerId = 0n] = await createLedgers(databaseUrl, origin);
    const deps = {
      log: openPostgresLog(pool),
      guard: openFileGuard(guardDir),
      signerFor: (line: string) => signerFromSeed(line, sha256(utf8(origin))),
    };
    let drawn = 0;
    const next = (): BenchEvent => {
      drawn += 1;
      return benchEvent(origin, drawn);
    };
    const peek = (): BenchEvent => benchEvent(origin, 1 + Math.floor(Math.random() * drawn));
    const head = async (): Promise<bigint> => (await store.head(ledgerId)).position;
    const seal = async (): Promise<bigint> => {
      let count = 0n;
      for (;;) {
        const sealed = await sealBatch(deps, { ledgerId });
        if (sealed.kind !== "sealed") return count;
        count += sealed.size - sealed.fromSize;
      }
    };
    const fill = async (size: number): Promise<void> => {
      const missing = size - Number(await head());
      if (missing > 0) await fillLedger(databaseUrl, origin, missing, next);
      await seal();
    };
    return { ledgerId, ledger: await connection.ledger(origin), next, peek, head, seal, fill };
  }

  async function makeFilled(size: number): Promise<GrownLedger> {
    const grown = await make();
    await grown.fill(size);
    return grown;
  }

  let growing: Awaited<ReturnType<typeof make>> | undefined;
  const growth: Growth = {
    pool,
    store,
    databaseUrl,
    make: makeFilled,
    async open(size) {
      if (size >= SHARED_FROM) {
        growing ??= await make();
        await growing.fill(size);
        return growing;
      }
      const ledger = kept.get(size) ?? makeFilled(size);
      kept.set(size, ledger);
      return ledger;
    },
    async close() {
      await connection.close();
      await pool.end();
      await rm(guardDir, { recursive: true, force: true });
    },
  };
  await makeFilled(warmUp);
  return growth;
}

async function openConnection(databaseUrl: string, pool: pg.Pool): Promise<Connection> {
  await createLedgers(databaseUrl);
  return connect({ database: pool });
}
