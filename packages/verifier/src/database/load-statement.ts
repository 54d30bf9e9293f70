import { readFileSync } from "node:fs";

/** The text of `statements/<name>.sql`. Called once for each, when a module is loaded. */
export function statement(name: string): string {
  return readFileSync(new URL(`./statements/${name}.sql`, import.meta.url), "utf8");
}
