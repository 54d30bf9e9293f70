import { readFileSync } from "node:fs";
import { LedgerError } from "@eventchain/core";

/** The system user that a server runs as. */
export interface ServerUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** Tried in this order; the second is on every machine. No user is ever created. */
const SERVER_USERS: readonly string[] = ["postgres", "nobody"];

/**
 * Who runs PostgreSQL, which refuses to run as root: for root another user of this machine, for anybody else nobody but
 * themselves (undefined).
 *
 * @param name a user to take instead; only root may choose
 * @throws LedgerError `stack-failed` if there is no such user
 */
export function chooseServerUser(name?: string): ServerUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const names = name === undefined ? SERVER_USERS : [name];
  const known = readUsers();
  for (const candidate of names) {
    const user = known.get(candidate);
    if (user !== undefined && user.uid !== 0) return user;
  }
  throw new LedgerError(
    "stack-failed",
    `PostgreSQL does not run as root, and this machine has no user ${names.join(" or ")}: run as another user, or name a database by DATABASE_URL`,
  );
}

function readUsers(): Map<string, ServerUser> {
  const users = new Map<string, ServerUser>();
  for (const line of readFileSync("/etc/passwd", "utf8").split("\n")) {
    const [name, , uid, gid] = line.split(":");
    if (name === undefined || uid === undefined || gid === undefined) continue;
    // Unsigned, for systems that write nobody as -2.
    users.set(name, { name, uid: Number(uid) >>> 0, gid: Number(gid) >>> 0 });
  }
  return users;
}
