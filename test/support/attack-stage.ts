import { type VerifyOptions, type VerifyReport, verifyLedger } from "@eventchain/verifier";
import { createTestDatabase, onServer } from "./database.ts";
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
  /** Spoils the rows of a copy and verifies it, with the trust root unless told otherwise. */
  verify(spoil?: (victim: Victim) => Promise<unknown>, options?: Partial<VerifyOptions>): Promise<VerifyReport>;
  /** The same, where not only rows are spoiled. */
  verifyClone(spoil: (victim: Victim) => Promise<unknown>, options?: Partial<VerifyOptions>): Promise<VerifyReport>;
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
  const check = (victim: Victim, options?: Partial<VerifyOptions>): Promise<VerifyReport> =>
    verifyLedger({ database: victim.url, chain: place.chain, trust: ledger.trust, ...options });
  // Rows are put back much faster than a database is copied.
  const victim = await clone();
  const restore = await keepRows(victim);
  return {
    chain,
    place,
    ledger,
    clone,
    async verify(spoil, options) {
      await restore();
      await spoil?.(victim);
      return await check(victim, options);
    },
    async verifyClone(spoil, options) {
      const one = await clone();
      try {
        await spoil(one);
        return await check(one, options);
      } finally {
        await one.drop();
      }
    },
    async close() {
      place.chain.close();
      await chain.close();
      await victim.drop();
      await onServer(`drop database if exists ${new URL(database.url).pathname.slice(1)} with (force)`);
    },
  };
}

const TABLES = [
  "ledgers",
  "log_keys",
  "ledger_contracts",
  "watermarks",
  "events",
  "event_tags",
  "commands",
  "log_tiles",
  "checkpoints",
  "anchors",
  "snapshots",
  "handlers",
];

/** Keeps a copy of all rows, and gives the function that brings them back. */
async function keepRows(victim: Victim): Promise<() => Promise<void>> {
  await victim.sql("create schema kept");
  for (const table of TABLES) await victim.sql(`create table kept.${table} as select * from eventchain.${table}`);
  const { rows } = await victim.sql("select last_value from anchors_anchor_id_seq");
  const statements = TABLES.map(
    (table) =>
      `delete from eventchain.${table}; insert into eventchain.${table} overriding system value select * from kept.${table}`,
  );
  const sequence = `select setval('eventchain.anchors_anchor_id_seq', ${rows[0].last_value})`;
  return async () => void (await victim.sql(`begin; ${statements.join("; ")}; ${sequence}; commit`));
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
