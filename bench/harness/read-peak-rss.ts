import { readFileSync } from "node:fs";

/**
 * The most memory that this process has been resident with, MiB. On Linux by VmHWM: `ru_maxrss` also counts what the
 * parent had at the fork, and so makes a child of a big process big.
 */
export function readPeakRssMiB(): number {
  if (process.platform === "linux") {
    const [, kib] = readFileSync("/proc/self/status", "utf8").match(/^VmHWM:\s+(\d+) kB$/m) ?? [];
    if (kib !== undefined) return Number(kib) / 1024;
  }
  return process.resourceUsage().maxRSS / 1024;
}
