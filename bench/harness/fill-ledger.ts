import { createGenesis, sha256, signerFromSeed, utf8 } from "@eventchain/core";
import { connect, type Ledger } from "@eventchain/ledger";
import { migrate, openPostgresStore } from "@eventchain/store";
import pg from "pg";
import { type BenchEvent, benchEvent } from "./events.ts";

/** Appends that are under way at once. */
const CALLERS = 512;

/** One event, as the benchmark's ledgers have it: a command row, and everything else on. */
export async function appendEvent(
  ledger: Pick<Ledger, "append">,
  { stream, type, tags, data, actor, ip, correlationId, commandId }: BenchEvent,
): Promise<void> {
  await ledger.append(stream, { type, tags: [...tags], data }, { actor, ip, correlationId, commandId });
}

/** Migrates a database and makes ledgers in it, without chain or workers. Gives their ids in order. */
export async function createLedgers(databaseUrl: string, ...origins: readonly string[]): Promise<bigint[]> {
  await migrate(databaseUrl);
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 1 });
  try {
    const store = openPostgresStore({ pool });
    const ids: bigint[] = [];
    for (const origin of origins) {
      const { vkey } = signerFromSeed(origin, sha256(utf8(origin)));
      const { ledgerId } = await store.createLedger({ origin, genesis: createGenesis({ origin, vkey }), vkey });
      ids.push(ledgerId);
    }
    return ids;
  } finally {
    await pool.end();
  }
}

/** Appends events 0 … count − 1 of a seed, through the public API, in groups as they come of many callers. */
export async function fillLedger(
  databaseUrl: string,
  origin: string,
  count: number,
  eventOf: (number: number) => BenchEvent = (number) => benchEvent(origin, number),
): Promise<void> {
  const connection = await connect({ database: databaseUrl });
  try {
    const ledger = await connection.ledger(origin);
    let next = 0;
    const call = async (): Promise<void> => {
      while (next < count) {
        const number = next;
        next += 1;
        await appendEvent(ledger, eventOf(number));
      }
    };
    await Promise.all(Array.from({ length: Math.min(CALLERS, count) }, call));
  } finally {
    await connection.close();
  }
}
