import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { identifyProcess, type ProcessIdentity } from "./identify-process.ts";

/** Linux counts a process's start in hundredths of a second since boot. */
const TICKS_PER_SECOND = 100;

/** Now, as the start times of processes are counted; 0 where that cannot be read. */
export function ticksNow(): number {
  try {
    return Math.floor(Number(readFileSync("/proc/uptime", "latin1").split(" ")[0]) * TICKS_PER_SECOND);
  } catch {
    return 0;
  }
}

/**
 * The processes begun no later than `untilTicks` whose standard output is one of these files. Names and environments tell less: servers write over both.
 * It can be seen where there is a `/proc` (Linux), of this user's processes; elsewhere there are none.
 */
export function findByOutput(files: ReadonlySet<string>, untilTicks: number): ProcessIdentity[] {
  return processNumbers().flatMap((pid) => {
    if (pid === process.pid || !files.has(outputOf(pid))) return [];
    const identity = identifyProcess(pid);
    return identity !== undefined && Number(identity.started.split(":")[1]) <= untilTicks ? identity : [];
  });
}

function processNumbers(): number[] {
  try {
    return readdirSync("/proc")
      .filter((name) => /^[0-9]+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}

function outputOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/fd/1`).replace(/ \(deleted\)$/, "");
  } catch {
    return "";
  }
}
