// Runs as a process of its own. Its standard input is a pipe that only its parent holds: the end of that pipe means that
// the parent is gone, however it went, and everything it was told to watch is stopped, the newest first.
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { findMarked } from "./find-marked.ts";
import type { ProcessIdentity } from "./identify-process.ts";
import { type StopManner, stopProcess } from "./stop-process.ts";

/** What the parent says, one JSON object a line. */
export type ReaperMessage = { watch: ProcessIdentity & StopManner } | { forget: number };

const watched = new Map<number, ProcessIdentity & StopManner>();

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);

for await (const line of createInterface({ input: process.stdin })) {
  const message = JSON.parse(line) as ReaperMessage;
  if ("watch" in message) {
    watched.delete(message.watch.pid);
    watched.set(message.watch.pid, message.watch);
  } else {
    watched.delete(message.forget);
  }
}

for (const target of [...watched.values()].reverse()) await stopProcess(target, target);

// A parent that was killed between starting a process and telling of it leaves one that nobody told of, and that may
// not even have begun: it is known by its environment, and looked for twice.
const [, , run = ""] = process.argv;
for (const pauseMs of [0, 500]) {
  await sleep(pauseMs);
  for (const stray of findMarked(run)) await stopProcess(stray, { signal: "SIGINT", graceMs: 10_000 });
}
process.exit(0);
