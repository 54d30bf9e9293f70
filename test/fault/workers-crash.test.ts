import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addressOf, type Chain, connectChain, deployRegistry } from "@eventchain/chain";
import { bytesToHex, leafHash, rootOf } from "@eventchain/core";
import { startChain, startRedis } from "@eventchain/devstack";
import {
  type LedgerRecord,
  type LogStore,
  openPostgresLog,
  openPostgresStore,
  type PostgresStore,
} from "@eventchain/store";
import { verifyLedger } from "@eventchain/verifier";
import { openLedger } from "@eventchain/workers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { appendOn, appendSome, SEAL_SEED } from "../support/ledger-workers.ts";
import { createWorkersHost, type WorkersHost } from "../support/workers-process.ts";

/** How often workers are started and killed. */
const KILLS = 8;

type Running<T> = T extends Promise<infer R> ? R : never;
const folder = await mkdtemp(join(tmpdir(), "eventchain-crash-"));
/** Undefined where none is installed: then the Postgres queue is all that there is to test. */
const redis = await startRedis({ dir: join(folder, "redis") });
let node: Running<ReturnType<typeof startChain>>;
let chain: Chain;
let contract: string;
const keys: string[] = [];

beforeAll(async () => {
  node = await startChain({ dir: join(folder, "chain"), blockTimeMs: 150 });
  chain = connectChain({ rpcUrl: node.url });
  keys.push(...node.accounts.map(({ privateKey }) => privateKey));
});
afterAll(async () => {
  chain?.close();
  await redis?.stop();
  await node?.stop();
  await rm(folder, { recursive: true, force: true });
});

async function open(database: TestDatabase, origin: string): Promise<LedgerRecord> {
  const { ledger } = await openLedger({
    store: openPostgresStore({ pool: database.pool }),
    log: openPostgresLog(database.pool),
    chain,
    contract,
    origin,
    sealSeed: SEAL_SEED,
    ownerKey: keys[0] as string,
    anchorerAddress: addressOf(keys[1] as string),
  });
  return ledger;
}

async function untilFinal(store: PostgresStore, ledgers: readonly LedgerRecord[]): Promise<void> {
  for (const { ledgerId } of ledgers) {
    const { position } = await store.head(ledgerId);
    while ((await store.watermarks(ledgerId)).finalSize < position) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** Each head once on chain, of the events' own root, each by an anchor that is final; and the verifier's word. */
async function expectSound(database: TestDatabase, log: LogStore, ledger: LedgerRecord): Promise<void> {
  const { ledgerId, origin } = ledger;
  const { onchainId } = (await log.contracts(ledgerId)) ?? { onchainId: "" };
  const onChain = await chain.registry(contract).anchors(onchainId);
  expect(new Set(onChain.map(({ size }) => size)).size).toBe(onChain.length);
  const leaves: Uint8Array[] = [];
  const store = openPostgresStore({ pool: database.pool });
  for await (const event of store.readAll(ledgerId)) leaves.push(leafHash(event.hash));
  for (const { size, root } of onChain) expect(root).toBe(`0x${bytesToHex(rootOf(leaves.slice(0, Number(size))))}`);
  const { rows } = await database.pool.query<{ tx: string; state: string }>(
    "select '0x' || encode(a.tx_hash, 'hex') as tx, a.state from eventchain.anchors a where a.ledger_id = $1 order by a.size",
    [ledgerId],
  );
  expect(rows).toEqual(onChain.map(({ txHash }) => ({ tx: txHash, state: "final" })));
  expect(await log.alarms(ledgerId)).toEqual([]);
  const report = await verifyLedger({
    database: database.pool,
    ledger: origin,
    chain,
    finality: { kind: "confirmations", count: 2 },
  });
  expect(report.findings).toEqual([]);
  expect(report).toMatchObject({ ok: true, size: leaves.length.toString(), unanchored: "0" });
}

describe.each(redis === undefined ? ["postgres"] : ["redis", "postgres"])("workers on the %s queue", (backend) => {
  let database: TestDatabase;
  let host: WorkersHost;
  let store: PostgresStore;
  let log: LogStore;
  beforeAll(async () => {
    database = await createTestDatabase();
    // One for each database: the verifier looks for every ledger that the owner has opened in it.
    contract = (await deployRegistry(chain, keys[0] as string)).address;
    store = openPostgresStore({ pool: database.pool });
    log = openPostgresLog(database.pool);
    const redisUrl = backend === "redis" ? redis?.url : undefined;
    host = await createWorkersHost({
      databaseUrl: database.url,
      redisUrl,
      rpcUrl: node.url,
      anchorKey: keys[1] as string,
    });
  });
  afterAll(async () => {
    await host?.close();
    await database?.drop();
  });

  it("killed at any moment, lose nothing and anchor nothing twice", async () => {
    const ledgers = [await open(database, `crash.test/${backend}-1`), await open(database, `crash.test/${backend}-2`)];
    const appenders = ledgers.map(({ ledgerId }, i) => appendOn(store, ledgerId, 15 + 20 * i));
    for (let kills = 0; kills < KILLS; kills += 1) {
      // Long enough to start, and then for any moment of a round.
      const workers = [host.spawn(), ...(kills % 3 === 0 ? [host.spawn()] : [])];
      await workers[0]?.logged("started");
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 900));
      await Promise.all(workers.map((worker) => worker.kill("SIGKILL")));
    }
    const counts = await Promise.all(appenders.map((appender) => appender.stop()));
    const last = host.spawn();
    await untilFinal(store, ledgers);
    expect(await last.kill("SIGTERM")).toBe(0);
    for (const [i, ledger] of ledgers.entries()) {
      expect((await store.head(ledger.ledgerId)).position).toBe(BigInt(counts[i] ?? -1));
      await expectSound(database, log, ledger);
    }
  });

  it("side by side serve one ledger", async () => {
    const ledger = await open(database, `crash.test/${backend}-pair`);
    const pair = [host.spawn(), host.spawn()];
    for (let round = 0; round < 3; round += 1) {
      await appendSome(store, ledger.ledgerId, 40);
      await untilFinal(store, [ledger]);
    }
    expect(await Promise.all(pair.map((worker) => worker.kill("SIGTERM")))).toEqual([0, 0]);
    await expectSound(database, log, ledger);
  });
});
