import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";

/** One numbered migration file. */
export interface Migration {
  version: number;
  /** The file's name without `.sql`. */
  name: string;
  sql: string;
  /** SHA-256 of the text, in hex; line endings do not count. */
  checksum: string;
}

const folder = new URL("./migrations/", import.meta.url);

function readMigration(file: string): Migration {
  const sql = readFileSync(new URL(file, folder), "utf8").replaceAll("\r\n", "\n");
  const checksum = createHash("sha256").update(sql).digest("hex");
  return { version: Number(file.slice(0, 4)), name: file.slice(0, -".sql".length), sql, checksum };
}

/** This package's migrations in order: 1, 2, 3 … */
export const migrations: readonly Migration[] = readdirSync(folder)
  .filter((file) => /^\d{4}_[a-z0-9_]+\.sql$/.test(file))
  .sort()
  .map(readMigration);

/** The version that this package's statements are written for. */
export const currentVersion: number = migrations.length;
