import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** How long the processes are given until all of them have heard when to start. */
const LEAD_MS = 50;

export type ProcessTask =
  | { act: "open"; store: string; databaseUrl: string; callers: number }
  /** `startMs`: since 1970-01-01 UTC. */
  | { act: "run"; seed: string; callers: number; seconds: number; startMs: number };

interface ProcessRun {
  count: number;
  seconds: number;
  latenciesMs: Float64Array;
}

export type ProcessAnswer = { act: "open" } | ({ act: "run" } & ProcessRun) | { act: "failed"; error: unknown };

/** Processes that append to one database. */
export interface Processes {
  /** All at the same time, each with so many callers; what each of them did. */
  run(round: string, callers: number, seconds: number): Promise<ProcessRun[]>;
  close(): Promise<void>;
}

/** Starts so many processes and opens a contender in each, which has to be installed. */
export async function startProcesses(
  count: number,
  store: string,
  databaseUrl: string,
  callers: number,
): Promise<Processes> {
  const script = fileURLToPath(new URL("./append-process.ts", import.meta.url));
  const children = Array.from({ length: count }, () =>
    fork(script, [], { serialization: "advanced", stdio: ["ignore", "inherit", "inherit", "ipc"] }),
  );
  async function close(): Promise<void> {
    const ended = children.map((child) => (child.exitCode === null ? once(child, "exit") : undefined));
    for (const child of children) if (child.connected) child.disconnect();
    await Promise.all(ended);
  }
  try {
    await Promise.all(children.map((child) => ask(child, { act: "open", store, databaseUrl, callers })));
  } catch (error) {
    await close();
    throw error;
  }
  return {
    async run(round, callers, seconds) {
      const startMs = Date.now() + LEAD_MS;
      const answers = children.map((child, index) =>
        ask(child, { act: "run", seed: `${round}/${index}`, callers, seconds, startMs }),
      );
      return (await Promise.all(answers)).flatMap((answer) => (answer.act === "run" ? answer : []));
    },
    close,
  };
}

async function ask(child: ChildProcess, task: ProcessTask): Promise<ProcessAnswer> {
  const gone = new AbortController();
  const ended = once(child, "exit", { signal: gone.signal }).then(([code]) => {
    throw new Error(`a process of the benchmark ended with ${code}`);
  });
  try {
    child.send(task);
    const [answer] = (await Promise.race([once(child, "message", { signal: gone.signal }), ended])) as [ProcessAnswer];
    if (answer.act === "failed") throw answer.error;
    return answer;
  } finally {
    gone.abort();
    ended.catch(() => undefined);
  }
}
