// Runs as a process of its own. Its standard input is a pipe that only its parent holds: the end of that pipe means that
// the parent is gone, however it went, and everything it was told to watch is stopped, the newest first.
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { findByOutput, ticksNow } from "./find-by-output.ts";
import type { ProcessIdentity } from "./identify-process.ts";
import { type StopManner, stopProcess } from "./stop-process.ts";

/** What the parent says, one JSON object a line. */
export type ReaperMessage = { watch: ProcessIdentity & StopManner } | { forget: number } | { output: string };

const watched = new Map<number, ProcessIdentity & StopManner>();
const outputs = new Set<string>();

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);

for await (const line of createInterface({ input: process.stdin })) {
  const message = JSON.parse(line) as ReaperMessage;
  if ("watch" in message) {
    watched.delete(message.watch.pid);
    watched.set(message.watch.pid, message.watch);
  } else if ("output" in message) {
    outputs.add(message.output);
  } else {
    watched.delete(message.forget);
  }
}

// What begins after this moment is a later run's.
const endedTicks = ticksNow();
for (const target of [...watched.values()].reverse()) await stopProcess(target, target);

// A parent that was killed while it started a process could not tell its number; where that writes to was told before.
// It may only just be beginning, so it is looked for twice.
for (const pauseMs of [0, 500]) {
  await sleep(pauseMs);
  for (const stray of findByOutput(outputs, endedTicks))
    await stopProcess(stray, { signal: "SIGINT", graceMs: 10_000 });
}
process.exit(0);
