import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A server's password: made at the first call, then read from `dir/password`, which only its owner can. 48 hex digits. */
export function keepPassword(dir: string): string {
  const path = join(dir, "password");
  if (!existsSync(path)) {
    writeFileSync(`${path}.new`, `${randomBytes(24).toString("hex")}\n`, { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }
  return readFileSync(path, "utf8").trim();
}
