import { readdirSync, readFileSync } from "node:fs";
import { identifyProcess, type ProcessIdentity } from "./identify-process.ts";

/** Names, in the environment of what is started here, the process that started it. */
export const RUN_VARIABLE = "EVENTCHAIN_RUN";

/**
 * The processes whose environment carries this run's mark. They can be read where there is a `/proc` (Linux) and they
 * are this user's; elsewhere there are none.
 */
export function findMarked(run: string): ProcessIdentity[] {
  const mark = `${RUN_VARIABLE}=${run}`;
  return numbersIn("/proc").flatMap((pid) => {
    if (pid === process.pid || !environmentOf(pid).split("\0").includes(mark)) return [];
    return identifyProcess(pid) ?? [];
  });
}

function numbersIn(folder: string): number[] {
  try {
    return readdirSync(folder)
      .filter((name) => /^[0-9]+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}

function environmentOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, "latin1");
  } catch {
    return "";
  }
}
