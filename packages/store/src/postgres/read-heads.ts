import type pg from "pg";
import { statement } from "./load-statement.ts";
import { runRows } from "./run-rows.ts";

/** How far a ledger has come, in each of the levels. */
export interface LedgerHead {
  ledgerId: bigint;
  origin: string;
  position: bigint;
  sealedSize: bigint;
  finalSize: bigint;
}

const readHeadsSql = statement("read-heads");

/** The heads of all ledgers of a database, in one statement. Errors: those of the database. */
export async function readHeads(pool: pg.Pool): Promise<LedgerHead[]> {
  return runRows<LedgerHead>(pool, readHeadsSql, []);
}
