import { LedgerError } from "@eventchain/core";
import { checkDescription, type ServerDescription } from "./check-server.ts";
import { currentVersion } from "./list-migrations.ts";
import { statement } from "./load-statement.ts";
import { type Queryable, runRows } from "./run-rows.ts";

const readSchemaVersion = statement("read-schema-version");

/**
 * Refuses a database that this package's statements do not fit: `not-migrated` where migrations are missing,
 * `database-refused` for a server before 16 or another encoding than UTF8. A newer schema is taken as it is.
 */
export async function checkSchema(database: Queryable): Promise<void> {
  const [row] = await runRows<ServerDescription & { migrated: number }>(database, readSchemaVersion, []);
  if (row === undefined) throw new Error("one row without a table");
  checkDescription(row);
  if (row.migrated < currentVersion) {
    throw new LedgerError("not-migrated", "this database's schema is older than this program: run eventchain migrate", {
      values: { found: row.migrated, needed: currentVersion },
    });
  }
}
