import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { LedgerError } from "@eventchain/core";
import { isOurs, letPass, prepareFolder } from "../files/prepare-folder.ts";
import type { ServerUser } from "./choose-server-user.ts";
import { type PostgresBinaries, programPath } from "./find-binaries.ts";

/** The kind of a folder outside of DIR that holds DIR's data. */
export const SHARED_KIND = "postgres-data";

/** The file in such a folder that names DIR. */
const OWNER_FILE = "owner";

/** Where root keeps what another user must reach and cannot reach in its own place; the first that works is taken. */
const SHARED_PLACES: readonly string[] = ["/var/lib", "/var/tmp", tmpdir()];

/** The same for what belongs to a temporary folder, and may go when that goes. */
const TEMPORARY_PLACES: readonly string[] = [tmpdir()];

/** Whether the user may pass through every folder on the way to a path, by their mode bits. */
export function canPassTo(path: string, user: ServerUser): boolean {
  for (let dir = dirname(path); ; dir = dirname(dir)) {
    const { mode, uid, gid } = statSync(dir);
    const bit = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001;
    if ((mode & bit) === 0) return false;
    if (dir === dirname(dir)) return true;
  }
}

/**
 * A folder outside of private ones, for this purpose and this machine's root alone to write in.
 *
 * @throws LedgerError `stack-failed` if there is no such place
 */
function sharedFolder(name: string, user: ServerUser, places: readonly string[] = SHARED_PLACES): string {
  for (const place of places) {
    try {
      const dir = join(place, "eventchain");
      // Whatever the umask says, others pass through.
      if (mkdirSync(dir, { recursive: true }) !== undefined) chmodSync(dir, 0o755);
      const { uid, mode } = lstatSync(dir);
      // In a folder like /tmp somebody else could have been first.
      if (uid === 0 && (mode & 0o022) === 0 && canPassTo(join(dir, name), user)) return join(dir, name);
    } catch {
      // The next place.
    }
  }
  throw new LedgerError(
    "stack-failed",
    `no folder that ${user.name} can reach: run as another user, or name a database by DATABASE_URL`,
  );
}

/** A new folder in a shared place for what belongs into a private one. */
export function sharedFolderFor(dir: string, user: ServerUser): string {
  const folder = sharedFolder(`data-${randomUUID()}`, user, isTemporary(dir) ? TEMPORARY_PLACES : SHARED_PLACES);
  if (isTemporary(dir)) sweepOrphans(dirname(folder));
  prepareFolder(folder, SHARED_KIND);
  letPass(folder);
  writeFileSync(join(folder, OWNER_FILE), dir, { mode: 0o600 });
  return folder;
}

/**
 * Removes the data of temporary folders that are gone, as a test's folder is once the test is over. What belongs to other
 * folders is never removed but by `--fresh`: such a folder may have been moved.
 */
function sweepOrphans(place: string): void {
  for (const name of readdirSync(place)) {
    const folder = join(place, name);
    const owner = join(folder, OWNER_FILE);
    if (isOurs(folder, SHARED_KIND) && existsSync(owner) && !existsSync(readFileSync(owner, "utf8"))) {
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

function isTemporary(dir: string): boolean {
  return !relative(tmpdir(), dir).startsWith("..");
}

/** The programs where the user can run them: in their package, or as a copy made once for each version. */
export function reachBinaries(binaries: PostgresBinaries, user: ServerUser | undefined): string {
  if (user === undefined || canRun(binaries.dir, user)) return binaries.dir;
  const target = sharedFolder(`postgres-${binaries.version}`, user);
  if (canRun(target, user)) return target;
  // Copied under another name first: a folder of that name is complete.
  const draft = mkdtempSync(`${target}.`);
  try {
    cpSync(binaries.dir, draft, { recursive: true, verbatimSymlinks: true });
    openToAll(draft);
    rmSync(target, { recursive: true, force: true });
    renameSync(draft, target);
  } catch (cause) {
    if (!canRun(target, user)) {
      throw new LedgerError(
        "stack-failed",
        `PostgreSQL's programs in ${binaries.dir} cannot be copied to where ${user.name} can run them`,
        { cause },
      );
    }
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return target;
}

function canRun(dir: string, user: ServerUser): boolean {
  const { status } = spawnSync(programPath(dir, "initdb"), ["--version"], {
    uid: user.uid,
    gid: user.gid,
    cwd: "/",
    stdio: "ignore",
  });
  return status === 0;
}

function openToAll(dir: string): void {
  chmodSync(dir, 0o755);
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) openToAll(path);
    else if (entry.isFile()) chmodSync(path, (statSync(path).mode & 0o100) === 0 ? 0o644 : 0o755);
  }
}
