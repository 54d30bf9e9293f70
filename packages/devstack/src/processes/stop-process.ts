import { setTimeout as sleep } from "node:timers/promises";
import { isAlive, type ProcessIdentity } from "./identify-process.ts";

const POLL_MS = 25;
/** How long after SIGKILL a process may still be seen, in milliseconds. */
const KILLED_MS = 5_000;

/** How a process is asked to end. */
export interface StopManner {
  /** The signal that asks politely. */
  readonly signal: NodeJS.Signals;
  /** How long it may take before SIGKILL, in milliseconds. */
  readonly graceMs: number;
}

/**
 * Ends a process: the polite signal, then, once its time is over, SIGKILL to it and to what it started in its group.
 * A process that is gone already, or whose number belongs to another by now, is left alone.
 *
 * @returns false if it is still there after all that (a zombie counts as gone).
 */
export async function stopProcess(identity: ProcessIdentity, manner: StopManner): Promise<boolean> {
  if (!isAlive(identity)) return true;
  send(identity.pid, manner.signal);
  if (await isGoneWithin(identity, manner.graceMs)) return true;
  send(-identity.pid, "SIGKILL");
  send(identity.pid, "SIGKILL");
  return await isGoneWithin(identity, KILLED_MS);
}

async function isGoneWithin(identity: ProcessIdentity, limitMs: number): Promise<boolean> {
  const deadline = performance.now() + limitMs;
  while (isAlive(identity)) {
    if (performance.now() >= deadline) return false;
    await sleep(POLL_MS);
  }
  return true;
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone in the meantime, or no group of its own: what matters is whether it is still there afterwards.
  }
}
