// All that the workers' tests stand on: a database, a chain in this process, a registry, a guard.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addressOf, type Chain, connectChain, deployRegistry } from "@eventchain/chain";
import { sha256, utf8 } from "@eventchain/core";
import {
  type AnchorRecord,
  type LedgerRecord,
  type LogStore,
  openPostgresLog,
  openPostgresStore,
  type PostgresStore,
} from "@eventchain/store";
import {
  type AnchorDeps,
  anchorDue,
  type FinaliseDeps,
  finaliseDue,
  openFileGuard,
  openLedger,
  type PolicyInput,
  policyOn,
  type SealDeps,
  sealBatch,
} from "@eventchain/workers";
import { createTestDatabase, type TestDatabase } from "./database.ts";
import { appendSome, SEAL_SEED, signerFor } from "./ledger-workers.ts";
import { startTestChain, type TestChain } from "./test-chain.ts";

/** Confirmations that a block needs in these tests. */
export const CONFIRMATIONS = 2;

/** Looks again at once at everything: tests do not wait. */
const EAGER: PolicyInput = { minIntervalMs: 0n, replaceAfterMs: 3_600_000n, resendAfterMs: 0n, pollMs: 0n };

export interface World {
  database: TestDatabase;
  node: TestChain;
  chain: Chain;
  contract: string;
  store: PostgresStore;
  log: LogStore;
  guardDir: string;
  ownerKey: string;
  anchorKey: string;
  /** A new ledger, opened on chain. */
  open(origin?: string): Promise<LedgerRecord>;
  sealDeps(parts?: Partial<SealDeps>): SealDeps;
  anchorDeps(policy?: PolicyInput, parts?: Partial<AnchorDeps>): AnchorDeps;
  finaliseDeps(parts?: Partial<FinaliseDeps>): FinaliseDeps;
  /** Appends so many events and seals them. */
  sealSome(ledger: LedgerRecord, count: number): Promise<void>;
  /** A ledger's anchors as the table has them, oldest first. */
  anchors(ledger: LedgerRecord): Promise<AnchorRecord[]>;
  /** The sizes that the contract's logs name, in their order. */
  anchoredSizes(ledger: LedgerRecord): Promise<bigint[]>;
  /** Anchors an invented head, as somebody with the anchoring key could, past the workers. */
  anchorForeign(ledger: LedgerRecord, size: bigint): Promise<void>;
  /** Seals, anchors and mines until every event of the ledgers is final. */
  settle(...ledgers: LedgerRecord[]): Promise<void>;
  close(): Promise<void>;
}

let opened = 0;

export async function createWorld(): Promise<World> {
  const database = await createTestDatabase();
  const node = await startTestChain();
  const chain = connectChain({ rpcUrl: node.url });
  const guardDir = await mkdtemp(join(tmpdir(), "eventchain-guard-"));
  const [ownerKey, anchorKey] = node.keys as [string, string];
  const { address: contract } = await deployRegistry(chain, ownerKey);
  const store = openPostgresStore({ pool: database.pool });
  const log = openPostgresLog(database.pool);
  const world: World = {
    database,
    node,
    chain,
    contract,
    store,
    log,
    guardDir,
    ownerKey,
    anchorKey,
    async open(origin) {
      opened += 1;
      const { ledger } = await openLedger({
        store,
        log,
        chain,
        contract,
        origin: origin ?? `world.test/${opened}`,
        sealSeed: SEAL_SEED,
        ownerKey,
        anchorerAddress: addressOf(anchorKey),
      });
      return ledger;
    },
    sealDeps: (parts = {}) => ({ log, guard: openFileGuard(guardDir), signerFor, ...parts }),
    anchorDeps: (policy = {}, parts = {}) => ({
      log,
      chain,
      key: anchorKey,
      policyFor: (chainId) => policyOn(chainId, { ...EAGER, ...policy }),
      ...parts,
    }),
    finaliseDeps: (parts = {}) => ({
      log,
      chain,
      policyFor: (chainId) => policyOn(chainId, EAGER),
      finalityFor: () => ({ kind: "confirmations", count: CONFIRMATIONS }),
      ...parts,
    }),
    async sealSome(ledger, count) {
      await appendSome(store, ledger.ledgerId, count);
      while ((await sealBatch(world.sealDeps(), ledger)).kind === "sealed");
    },
    anchors: async ({ ledgerId }) => (await log.recentAnchors(ledgerId, 100)).toReversed(),
    async anchoredSizes({ ledgerId }) {
      const { onchainId } = (await log.contracts(ledgerId)) ?? { onchainId: "" };
      return (await chain.registry(contract).anchors(onchainId)).map(({ size }) => size);
    },
    async anchorForeign({ ledgerId }, size) {
      const registry = chain.registry(contract);
      const onchainId = (await log.contracts(ledgerId))?.onchainId ?? "";
      const [nonce, fees] = [await chain.nonce(addressOf(anchorKey)), await chain.fees()];
      const root = sha256(utf8("invented"));
      const head = { ledgerId: onchainId, size, root, consistency: [] };
      await chain.sendRaw(registry.signAnchor({ ...head, nonce, fees, key: anchorKey, chainId: 31337n }).raw);
    },
    async settle(...ledgers) {
      for (let round = 0; round < 20; round += 1) {
        for (const { ledgerId } of ledgers) while ((await sealBatch(world.sealDeps(), { ledgerId })).kind === "sealed");
        await anchorDue(world.anchorDeps());
        await node.mine(CONFIRMATIONS);
        await finaliseDue(world.finaliseDeps());
        if (await allFinal(store, ledgers)) return;
      }
      throw new Error("twenty rounds were not enough to make everything final");
    },
    async close() {
      chain.close();
      await node.close();
      await database.drop();
      await rm(guardDir, { recursive: true, force: true });
    },
  };
  return world;
}

async function allFinal(store: PostgresStore, ledgers: readonly LedgerRecord[]): Promise<boolean> {
  for (const { ledgerId } of ledgers) {
    const { position } = await store.head(ledgerId);
    if ((await store.watermarks(ledgerId)).finalSize !== position) return false;
  }
  return true;
}
