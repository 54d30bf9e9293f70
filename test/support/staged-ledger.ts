import { createGenesis, onchainLedgerId, sha256, signerFromSeed, type TrustRoot, utf8 } from "@eventchain/core";
import { type LogStore, openPostgresLog, openPostgresStore } from "@eventchain/store";
import { type Guard, type GuardHead, sealBatch } from "@eventchain/workers";
import type pg from "pg";

const OWNER = `0x${"11".repeat(20)}`;
const CONTRACT = `0x${"22".repeat(20)}`;
const CHAIN_GENESIS = `0x${"33".repeat(32)}`;
const CHAIN_ID = 31337n;

/** A ledger whose stages are taken step by step; its anchors stand in the tables, but on no chain. */
export interface StagedLedger {
  readonly ledgerId: bigint;
  readonly origin: string;
  readonly log: LogStore;
  readonly trust: TrustRoot;
  /** Seals everything. */
  seal(): Promise<void>;
  /** Prepares, sends and mines an anchor of the newest checkpoint; its id. */
  anchor(): Promise<bigint>;
  /** Makes an anchor final. */
  finalise(anchorId: bigint): Promise<void>;
  /** Takes an anchor's block back. */
  reorganise(anchorId: bigint): Promise<void>;
  /** All of it. */
  makeFinal(): Promise<void>;
}

/** Creates a ledger in a migrated database. */
export async function createStagedLedger(pool: pg.Pool, origin: string): Promise<StagedLedger> {
  const signer = signerFromSeed(origin, sha256(utf8(`seal key of ${origin}`)));
  const { vkey } = signer;
  const { ledgerId } = await openPostgresStore({ pool }).createLedger({
    origin,
    genesis: createGenesis({ origin, vkey }),
    vkey,
  });
  const log = openPostgresLog(pool);
  const guard = memoryGuard();
  await log.recordContract(ledgerId, {
    chainId: CHAIN_ID,
    genesisHash: CHAIN_GENESIS,
    contract: CONTRACT,
    onchainId: onchainLedgerId(OWNER, origin),
    owner: OWNER,
    openedBlock: 1n,
  });
  let blocks = 100n;
  let onChainSize = 0n;
  const hashOf = (block: bigint): string => `0x${block.toString(16).padStart(64, "0")}`;

  const staged: StagedLedger = {
    ledgerId,
    origin,
    log,
    trust: {
      origin,
      owner: OWNER,
      vkeys: [vkey],
      chains: [{ chainId: CHAIN_ID, genesisHash: CHAIN_GENESIS, contract: CONTRACT }],
    },
    seal: async () => {
      for (;;) {
        const result = await sealBatch({ log, guard, signerFor: () => signer }, { ledgerId });
        if (result.kind !== "sealed" || !result.more) return;
      }
    },
    anchor: async () => {
      const checkpoint = await log.checkpoint(ledgerId);
      if (checkpoint === undefined) throw new Error("nothing is sealed");
      blocks += 1n;
      const draft = {
        ledgerId,
        epoch: 0n,
        fromSize: onChainSize,
        chainId: CHAIN_ID,
        contract: CONTRACT,
        sender: OWNER,
      };
      const { size, root } = checkpoint;
      const prepared = await log.prepareAnchor({ ...draft, size, root, minedNonce: 0n }, (nonce) => ({
        raw: utf8(`transaction ${origin} ${nonce}`),
        txHash: `0x${Buffer.from(sha256(utf8(`${origin} ${nonce}`))).toString("hex")}`,
        maxFeePerGasWei: 2n,
        maxPriorityFeePerGasWei: 1n,
        gasLimit: 100_000n,
      }));
      if (prepared.kind !== "prepared") throw new Error("another anchor is on its way");
      const { anchorId } = prepared.anchor;
      await log.markSent(anchorId, null);
      const blockTimeSeconds = 1_763_683_200n + blocks;
      const block = { blockNumber: blocks, blockHash: hashOf(blocks), blockTimeSeconds };
      await log.markMined(anchorId, { ...block, gasUsed: 90_000n, feeWei: 180_000n });
      onChainSize = size;
      return anchorId;
    },
    finalise: (anchorId) => log.markFinal(anchorId, hashOf(blocks)),
    reorganise: (anchorId) => log.markReorged(anchorId, hashOf(blocks)),
    makeFinal: async () => {
      await staged.seal();
      await staged.finalise(await staged.anchor());
    },
  };
  return staged;
}

function memoryGuard(): Guard {
  const heads = new Map<string, GuardHead>();
  return {
    read: async (origin) => heads.get(origin),
    write: async (origin, next) => {
      heads.set(origin, next);
    },
    close: async () => undefined,
  };
}
