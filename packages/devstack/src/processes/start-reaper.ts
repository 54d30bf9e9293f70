import { type ChildProcess, spawn } from "node:child_process";
import { scriptPath } from "../files/script-path.ts";
import type { ProcessIdentity } from "./identify-process.ts";
import type { ReaperMessage } from "./reaper-process.ts";
import type { StopManner } from "./stop-process.ts";

// One reaper for each process that uses this package. It is started with the first process to watch and ends by itself
// once this one is gone; if somebody kills it, a new one is told everything again.
let reaper: ChildProcess | undefined;
const watched = new Map<number, ProcessIdentity & StopManner>();
const outputs = new Set<string>();

/** To be called before a process is started that will write to this file: it is then found even if nobody can tell its number. */
export function announceProcess(outputFile: string): void {
  outputs.add(outputFile);
  if (reaper === undefined) startReaper();
  else tell({ output: outputFile });
}

/**
 * Has a process stopped should this one end without doing so itself: by a crash, kill -9, or `process.exit`.
 * Processes are stopped in reverse order, so that what is watched first (the database) goes last.
 */
export function watchProcess(identity: ProcessIdentity, manner: StopManner): void {
  const target = { ...identity, signal: manner.signal, graceMs: manner.graceMs };
  watched.delete(target.pid);
  watched.set(target.pid, target);
  if (reaper === undefined) startReaper();
  else tell({ watch: target });
}

/** Takes back `watchProcess`: the process has ended, or is none of ours any more. */
export function forgetProcess(pid: number): void {
  if (watched.delete(pid)) tell({ forget: pid });
}

/** Whether a process is one that this process has started and still watches. */
export function isWatched(pid: number): boolean {
  return watched.has(pid);
}

function startReaper(): void {
  // A group of its own: Ctrl-C on the terminal must not end the one process that cleans up after it.
  const child = spawn(process.execPath, [scriptPath(import.meta.url, "reaper-process")], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
    windowsHide: true,
    cwd: "/",
  });
  reaper = child;
  const restart = (): void => {
    if (reaper !== child) return;
    reaper = undefined;
    if (watched.size > 0) startReaper();
  };
  child.once("exit", restart);
  child.once("error", restart);
  child.stdin?.on("error", () => undefined);
  // Neither the reaper nor the pipe to it keeps this process from ending.
  child.unref();
  (child.stdin as unknown as { unref?: () => void } | null)?.unref?.();
  for (const output of outputs) tell({ output });
  for (const target of watched.values()) tell({ watch: target });
}

function tell(message: ReaperMessage): void {
  reaper?.stdin?.write(`${JSON.stringify(message)}\n`);
}
