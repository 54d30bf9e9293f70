import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";

/** The programs that are looked for, in this order. */
const REDIS_PROGRAMS: readonly string[] = ["redis-server", "valkey-server"];

/** The path of a Redis or Valkey server on the search path; undefined if none is installed. */
export function findRedis(searchPath: string = process.env.PATH ?? ""): string | undefined {
  for (const name of REDIS_PROGRAMS) {
    for (const dir of searchPath.split(delimiter)) {
      const path = join(dir, name);
      if (dir !== "" && isProgram(path)) return path;
    }
  }
  return undefined;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
