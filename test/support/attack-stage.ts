import { type VerifyOptions, type VerifyReport, verifyLedger } from "@eventchain/verifier";
import { createTestDatabase } from "./database.ts";
import { deployTestRegistry, LedgerBuilder, type TestRegistry } from "./ledger-builder.ts";
import { cloneDatabase, type Victim } from "./tamper.ts";
import { startTestChain, type TestChain } from "./test-chain.ts";

/** An hour ago: events that were recorded before their blocks. */
const START_MICROS = BigInt(Math.floor(Date.now() / 1000) - 3600) * 1_000_000n;

/** A clean ledger, and copies of it to spoil. */
export interface AttackStage {
  chain: TestChain;
  place: TestRegistry;
  ledger: LedgerBuilder;
  /** Spoils a copy and verifies it, with the trust root unless told otherwise. */
  verify(spoil?: (victim: Victim) => Promise<unknown>, options?: Partial<VerifyOptions>): Promise<VerifyReport>;
  /** A copy that is left to the test, which drops it. */
  clone(): Promise<Victim>;
  close(): Promise<void>;
}

/**
 * A ledger of 330 events in 13 streams: sealed at 40, 100, 150, 200, 256, 300 and 320, anchored and final at 100, 200 and 300,
 * the last ten not sealed. `build` makes another one.
 */
export async function setTheStage(
  build: (ledger: LedgerBuilder) => Promise<unknown> = buildStandard,
  origin = "attack.test/main",
): Promise<AttackStage> {
  const chain = await startTestChain();
  const place = await deployTestRegistry(chain);
  const database = await createTestDatabase();
  const ledger = await new LedgerBuilder(database.pool, place, origin, START_MICROS).open();
  await build(ledger);
  await chain.mine(5);
  // A database that is to be copied must have no connection.
  await database.pool.end();
  const clone = (): Promise<Victim> => cloneDatabase(database.url);
  return {
    chain,
    place,
    ledger,
    clone,
    async verify(spoil, options) {
      const victim = await clone();
      try {
        await spoil?.(victim);
        return await verifyLedger({ database: victim.url, chain: place.chain, trust: ledger.trust, ...options });
      } finally {
        await victim.drop();
      }
    },
    async close() {
      place.chain.close();
      await chain.close();
      const left = await cloneDatabase(database.url);
      await left.drop();
    },
  };
}

async function buildStandard(ledger: LedgerBuilder): Promise<void> {
  await ledger.append(330);
  for (const size of [40n, 100n, 150n, 200n, 256n, 300n, 320n]) {
    await ledger.seal(size);
    if (size % 100n === 0n) await ledger.anchor();
  }
}

/** A report's findings without the words for people. */
export function told({ findings }: VerifyReport): string[] {
  return findings.map(({ kind, position, to }) => {
    const where = position === undefined ? "" : ` ${position}${to === undefined ? "" : `-${to}`}`;
    return `${kind}${where}`;
  });
}
