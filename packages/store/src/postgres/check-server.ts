import { LedgerError } from "@eventchain/core";
import type pg from "pg";
import { statement } from "./load-statement.ts";

const describeServer = statement("describe-server");

/** The oldest server that has `IS JSON … WITH UNIQUE KEYS`. */
export const minServerVersion = 160000;

/** Refuses a server older than PostgreSQL 16 and a database that is not UTF-8: LedgerError `database-refused`. */
export async function checkServer(client: pg.Pool | pg.ClientBase): Promise<void> {
  const { rows } = await client.query<{ version: number; encoding: string }>(describeServer);
  const { version = 0, encoding = "" } = rows[0] ?? {};
  if (version < minServerVersion) {
    throw new LedgerError("database-refused", "PostgreSQL 16 or newer is needed", {
      values: { serverVersion: version },
    });
  }
  if (encoding !== "UTF8") {
    throw new LedgerError("database-refused", "the database's encoding must be UTF8", { values: { encoding } });
  }
}
