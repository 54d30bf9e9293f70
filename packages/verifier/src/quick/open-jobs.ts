import { Worker } from "node:worker_threads";
import type { JobAnswer } from "./job-thread.ts";
import { type Job, type JobResult, type JobSetting, makeRunJob } from "./run-job.ts";

/** Does jobs, here or on threads. */
export interface Jobs extends AsyncDisposable {
  /** How many may be under way before another one only waits. */
  readonly room: number;
  /** Memory for a batch, at least so many bytes. */
  memory(size: number): Uint8Array;
  /** Call before the first job. */
  begin(setting: JobSetting): void;
  /** The bytes are gone with it. Rejects where a thread cannot be kept running. */
  run(job: Job): Promise<JobResult>;
}

/** Of a thread, MiB. What a job leaves behind is gone with it: more room would only be filled. */
const YOUNG_HEAP_MIB = 12;

/**
 * `threads`: 0 for none, where jobs are done by the caller, each before the next one; so they are where no threads can be started.
 * Threads are ended when it is disposed of.
 */
export function openJobs(threads: number): Jobs {
  const spare: ArrayBuffer[] = [];
  const memory = (size: number): Uint8Array => {
    const buffer = spare.pop();
    return new Uint8Array(buffer !== undefined && buffer.byteLength >= size ? buffer : new ArrayBuffer(size));
  };
  const crew = startCrew(threads, spare);
  return { memory, ...(crew.length === 0 ? workHere(spare) : workOnThreads(crew)) };
}

function workHere(spare: ArrayBuffer[]): Omit<Jobs, "memory"> {
  let runJob: ((job: Job) => JobResult) | undefined;
  return {
    room: 0,
    begin(setting) {
      runJob = makeRunJob(setting);
    },
    async run(job) {
      const result = runJob?.(job);
      spare.push(job.bytes.buffer as ArrayBuffer);
      return result;
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}

/** All of them, or none: a process may not be allowed to start any, or no more of them. */
function startCrew(count: number, spare: ArrayBuffer[]): Thread[] {
  const crew: Thread[] = [];
  try {
    while (crew.length < count) crew.push(startThread(spare));
    return crew;
  } catch {
    for (const { worker } of crew) void worker.terminate();
    return [];
  }
}

function workOnThreads(crew: readonly Thread[]): Omit<Jobs, "memory"> {
  return {
    room: 2 * crew.length,
    begin(setting) {
      for (const { worker } of crew) worker.postMessage(setting);
    },
    run(job) {
      const [idlest] = crew.toSorted((a, b) => a.waiting.length - b.waiting.length);
      return (idlest as Thread).run(job);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(crew.map(({ worker }) => worker.terminate()));
    },
  };
}

interface Waiting {
  resolve(result: JobResult): void;
  reject(error: unknown): void;
}

interface Thread {
  worker: Worker;
  waiting: Waiting[];
  run(job: Job): Promise<JobResult>;
}

function startThread(spare: ArrayBuffer[]): Thread {
  const [, extension] = /\.(ts|js)$/.exec(import.meta.url) ?? [];
  const worker = new Worker(new URL(`./job-thread.${extension}`, import.meta.url), {
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_HEAP_MIB },
  });
  const waiting: Waiting[] = [];
  let failure: unknown;
  const fail = (error: unknown): void => {
    failure ??= error;
    for (const { reject } of waiting.splice(0)) reject(failure);
  };
  worker.on("message", ({ result, memory }: JobAnswer) => {
    spare.push(memory);
    waiting.shift()?.resolve(result);
  });
  worker.on("error", fail);
  worker.on("exit", (code) => fail(new Error(`a verifying thread ended with exit code ${code}`)));
  return {
    worker,
    waiting,
    run(job) {
      if (failure !== undefined) return Promise.reject(failure);
      return new Promise((resolve, reject) => {
        waiting.push({ resolve, reject });
        worker.postMessage(job, [job.bytes.buffer as ArrayBuffer]);
      });
    },
  };
}
