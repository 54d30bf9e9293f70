import { createHash, randomBytes } from "node:crypto";
import { readFile, readlink, symlink, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { LedgerError } from "@eventchain/core";

/** How often a lock that is held is asked for again. */
const RETRY_MS = 20;
/** A lock whose owner cannot be looked at from here counts as left over once it has been seen unchanged for so long. */
const FOREIGN_STALE_MS = 120_000;

const nowMs = (): number => performance.now();
const codeOf = (error: unknown): unknown => (error as { code?: unknown }).code;

/** Where a process can be looked at: this boot of this host, and its process numbers (a container has its own). */
async function readPlace(): Promise<string> {
  const boot = await readFile("/proc/sys/kernel/random/boot_id", "utf8").catch(() => "");
  const space = await readlink("/proc/self/ns/pid").catch(() => "");
  return `${boot.trim()}/${space.replace(/\D/g, "")}`;
}

/** Tells a process from a later one of the same number. Empty where there is none, or where the system does not say. */
async function readStart(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  // The name, in brackets, may contain spaces: what follows it are the fields from the third on.
  const [state, ...fields] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return state === "Z" || state === "X" ? "" : (fields[18] ?? "");
}

async function describeOwner(): Promise<string> {
  const { pid } = process;
  return [randomBytes(8).toString("hex"), pid, await readStart(pid), await readPlace()].join(" ");
}

async function fateOf(owner: string): Promise<"alive" | "dead" | "unknown"> {
  const [, number = "", start = "", ...place] = owner.split(" ");
  const pid = Number(number);
  if (!Number.isSafeInteger(pid) || pid < 1 || place.join(" ") !== (await readPlace())) return "unknown";
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (codeOf(error) === "ESRCH") return "dead";
  }
  if (start === "") return "unknown";
  return (await readStart(pid)) === start ? "alive" : "dead";
}

/** Which owner of a lock was seen since when, of those that cannot be looked at. */
const watched = new Map<string, { owner: string; sinceMs: number }>();

async function isLeftOver(lock: string, owner: string): Promise<boolean> {
  const fate = await fateOf(owner);
  if (fate !== "unknown") return fate === "dead";
  const seen = watched.get(lock);
  if (seen?.owner === owner) return nowMs() - seen.sinceMs >= FOREIGN_STALE_MS;
  watched.set(lock, { owner, sinceMs: nowMs() });
  return false;
}

async function ownerOf(lock: string): Promise<string | undefined> {
  try {
    return await readlink(lock);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** A symbolic link is made with its text in one step, or not at all: no lock is ever seen without its owner. */
async function acquire(lock: string, deadlineMs: number): Promise<string> {
  const own = await describeOwner();
  for (;;) {
    try {
      await symlink(own, lock);
      return own;
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw error;
    }
    const owner = await ownerOf(lock);
    if (owner === undefined) continue;
    if (await isLeftOver(lock, owner)) await remove(lock, owner, deadlineMs);
    else if (nowMs() >= deadlineMs) throw heldByAnother(lock, owner);
    else await sleep(RETRY_MS);
  }
}

/**
 * Removes this owner's lock, never its successor's: who found it left over may have looked long ago, so each single
 * owner's lock is removed under a lock of its own.
 */
async function remove(lock: string, owner: string, deadlineMs: number): Promise<void> {
  const digest = createHash("sha256").update(`${lock}\n${owner}`).digest("hex").slice(0, 32);
  const claim = join(dirname(lock), `${digest}.lock`);
  await acquire(claim, deadlineMs);
  try {
    if ((await ownerOf(lock)) === owner) await unlink(lock);
  } finally {
    await unlink(claim);
  }
}

function heldByAnother(lock: string, owner: string): LedgerError {
  return new LedgerError("timeout", `another process keeps ${lock}`, { values: { lock, owner }, retryable: true });
}

/**
 * Does `work` while no other process on this host does any under the same lock: a symbolic link at `lock` whose text is its
 * owner. A restart finds the lock of a process that died, and takes it over; one that has only stopped keeps it, whatever
 * time passes. Where that cannot be told (another container, a system without /proc), a lock that is seen unchanged for two
 * minutes is taken over: `isHeld` says whether that has happened.
 *
 * Errors: LedgerError `timeout`, retryable, where it is not to be had within `timeoutMs`; those of the file system.
 */
export async function holdLock<T>(
  lock: string,
  timeoutMs: number,
  work: (isHeld: () => Promise<boolean>) => Promise<T>,
): Promise<T> {
  const own = await acquire(lock, nowMs() + timeoutMs);
  try {
    return await work(async () => (await ownerOf(lock)) === own);
  } finally {
    await remove(lock, own, nowMs() + timeoutMs);
  }
}
