import { LedgerError } from "@eventchain/core";
import { statement } from "./load-statement.ts";
import { type Queryable, runRows } from "./run-rows.ts";

const describeServer = statement("describe-server");

/** The oldest server that has `IS JSON … WITH UNIQUE KEYS`. */
const minServerVersion = 160000;

export interface ServerDescription {
  /** As `server_version_num`: 180004. */
  version: number;
  encoding: string;
}

export function checkDescription({ version, encoding }: ServerDescription): void {
  if (version < minServerVersion) {
    throw new LedgerError("database-refused", "PostgreSQL 16 or newer is needed", {
      values: { serverVersion: version },
    });
  }
  if (encoding !== "UTF8") {
    throw new LedgerError("database-refused", "the database's encoding must be UTF8", { values: { encoding } });
  }
}

/** Refuses a server older than PostgreSQL 16 and a database that is not UTF-8: LedgerError `database-refused`. */
export async function checkServer(database: Queryable): Promise<void> {
  const [description] = await runRows<ServerDescription>(database, describeServer, []);
  if (description === undefined) throw new Error("one row without a table");
  checkDescription(description);
}
