import { type ChildProcess, type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { QueryItem } from "@eventchain/store";

const program = fileURLToPath(new URL("race-process.ts", import.meta.url));

/** An event to append. */
export interface Draft {
  stream: string;
  type: string;
  tags: string[];
}

/** What a racer is told. */
export type RaceStep =
  /** Turns to the ledger with this id, in decimal. */
  | { do: "enter"; ledger: string }
  /** Looks at a query's events; reads so many of them, or all, and keeps the look for the next decision. */
  | { do: "look"; query: QueryItem[]; read?: number }
  /**
   * Reads the look that was begun, or a new one, to its end; appends the event unless a `Claimed` was seen, on condition
   * that nothing has come since. `again`: until it is recorded, or a `Claimed` is seen.
   */
  | { do: "decide"; query: QueryItem[]; event: Draft; again?: boolean };

/** One look with what came of it. Positions are decimal texts. */
export interface Attempt {
  /** The look's position. */
  after: string;
  /** Positions of the events that the look gave. */
  seen: string[];
  /** `lost`: a claim was seen. Else the append's outcome, and its positions. */
  outcome: { outcome: "recorded" | "condition-failed" | "lost"; positions: string[] };
}

export interface RaceAnswer {
  attempts: Attempt[];
}

interface Racer {
  /** Sends a step; gives its attempts when it is done. One step at a time. */
  run(step: RaceStep): Promise<Attempt[]>;
}

export interface Racers {
  racers: Racer[];
  close(): Promise<void>;
}

/** Starts so many processes, each with connections of its own to the database. */
export function startRacers(count: number, databaseUrl: string): Racers {
  const children = Array.from({ length: count }, () =>
    spawn(process.execPath, [program, databaseUrl], { stdio: ["pipe", "pipe", "inherit"] }),
  );
  return {
    racers: children.map(hearRacer),
    async close() {
      await Promise.all(children.map(endRacer));
    },
  };
}

function hearRacer({ stdin, stdout }: ChildProcessByStdio<Writable, Readable, null>): Racer {
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  return {
    async run(step) {
      stdin.write(`${JSON.stringify(step)}\n`);
      const { value, done } = await lines.next();
      if (done === true) throw new Error("a racer ended in the middle of the race");
      return (JSON.parse(value) as RaceAnswer).attempts;
    },
  };
}

async function endRacer(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}
