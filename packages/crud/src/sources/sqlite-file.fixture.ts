import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadSqlite } from "./load-sqlite.ts";

/** A folder of its own with a SQLite file in it, for tests. */
export async function makeSqliteFile(): Promise<
  { folder: string; path: string; exec: (sql: string) => void } & AsyncDisposable
> {
  const folder = await mkdtemp(join(tmpdir(), "eventchain-crud-"));
  const path = join(folder, "source.sqlite");
  const { DatabaseSync } = loadSqlite();
  return {
    folder,
    path,
    exec: (sql) => {
      const database = new DatabaseSync(path);
      database.exec(sql);
      database.close();
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
