import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/**
 * One process, told apart from a later one that got the same number.
 *
 * `started` is opaque: the boot's id and the start time in clock ticks on Linux, `ps`'s start time elsewhere, and empty
 * where neither can be read (Windows), in which case the number alone counts.
 */
export interface ProcessIdentity {
  readonly pid: number;
  readonly started: string;
}

/** The process that has this number now; undefined if there is none, or only a zombie that nobody has collected yet. */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  if (process.platform === "linux") return identifyOnLinux(pid);
  if (!answersSignals(pid)) return undefined;
  if (process.platform === "win32") return { pid, started: "" };
  return identifyByPs(pid);
}

/** Whether this very process still runs. */
export function isAlive(identity: ProcessIdentity): boolean {
  return identifyProcess(identity.pid)?.started === identity.started;
}

/** What a pid file or a lock file holds, or undefined if its text is torn or not ours. */
export function parseIdentity(text: string): ProcessIdentity | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) return undefined;
    const { pid, started } = value as Partial<ProcessIdentity>;
    if (typeof pid !== "number" || typeof started !== "string") return undefined;
    return { pid, started };
  } catch {
    return undefined;
  }
}

function identifyOnLinux(pid: number): ProcessIdentity | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch {
    return undefined;
  }
  // proc_pid_stat(5): the second field is the command in brackets and may hold anything, so count from its end:
  // the state is field 3, the start time in ticks since boot field 22.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const state = fields[0];
  if (state === "Z" || state === "X") return undefined;
  return { pid, started: `${bootId()}:${fields[19]}` };
}

function bootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
  } catch {
    return "";
  }
}

function identifyByPs(pid: number): ProcessIdentity | undefined {
  try {
    const text = execFileSync("ps", ["-o", "stat=,lstart=", "-p", String(pid)], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
    if (text === "" || text.startsWith("Z")) return undefined;
    return { pid, started: text.replace(/^\S+\s+/, "") };
  } catch {
    return undefined;
  }
}

function answersSignals(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
