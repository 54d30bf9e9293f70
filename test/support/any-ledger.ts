import { type Connection, connect, type Ledger, type LedgerEvent, type LedgerOptions } from "@eventchain/ledger";
import { openMemoryLedger } from "@eventchain/ledger/testing";
import { createTestDatabase, type TestDatabase } from "./database.ts";
import { createStagedLedger } from "./staged-ledger.ts";

/** Ledgers by origin, each opened with its own options; sealing is for those of a database. */
export interface AnyLedgers {
  open(origin: string, options?: LedgerOptions): Promise<{ ledger: Ledger; seal(): Promise<void> }>;
  /** Of a database, for statements of the test's own. */
  readonly database: TestDatabase | undefined;
  close(): Promise<void>;
}

export async function postgresLedgers(): Promise<AnyLedgers> {
  const database = await createTestDatabase();
  const connection: Connection = await connect({ database: database.url });
  return {
    database,
    async open(origin, options) {
      const staged = await createStagedLedger(database.pool, origin);
      return { ledger: await connection.ledger(origin, options), seal: () => staged.seal() };
    },
    async close() {
      await connection.close();
      await database.drop();
    },
  };
}

export async function memoryLedgers(): Promise<AnyLedgers> {
  return {
    database: undefined,
    open: async (origin, options) => ({
      ledger: openMemoryLedger({ origin, ...options }),
      seal: async () => undefined,
    }),
    close: async () => undefined,
  };
}

export async function all(events: AsyncIterable<LedgerEvent>): Promise<LedgerEvent[]> {
  const list: LedgerEvent[] = [];
  for await (const event of events) list.push(event);
  return list;
}

export async function positions(events: AsyncIterable<LedgerEvent>): Promise<bigint[]> {
  return (await all(events)).map(({ position }) => position);
}
