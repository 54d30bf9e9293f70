import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { loadSqlite } from "./load-sqlite.ts";

/** A folder of its own with a SQLite file in it, for tests. */
export async function makeSqliteFile(): Promise<
  { folder: string; path: string; exec: (sql: string) => void; keepOpen: () => DatabaseSync } & AsyncDisposable
> {
  const folder = await mkdtemp(join(tmpdir(), "eventchain-crud-"));
  const path = join(folder, "source.sqlite");
  const sqlite = loadSqlite();
  return {
    folder,
    path,
    exec: (sql) => {
      const database = new sqlite.DatabaseSync(path);
      database.exec(sql);
      database.close();
    },
    keepOpen: () => new sqlite.DatabaseSync(path),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
