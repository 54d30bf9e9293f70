import { Worker } from "node:worker_threads";
import type { JobAnswer } from "./job-thread.ts";
import { type Job, type JobResult, type JobSetting, makeRunJob } from "./run-job.ts";

/** Does jobs, here or on threads. */
export interface Jobs {
  /** How many may be under way before another one only waits. */
  readonly room: number;
  /** Memory for a batch, at least so many bytes. */
  memory(size: number): Uint8Array;
  /** The bytes are gone with it. Rejects where a thread cannot be kept running. */
  run(job: Job): Promise<JobResult>;
  close(): Promise<void>;
}

interface Waiting {
  resolve(result: JobResult): void;
  reject(error: unknown): void;
}

/** `threads`: 0 for none, where jobs are done by the caller, each before the next one. */
export function openJobs(setting: JobSetting, threads: number): Jobs {
  const spare: ArrayBuffer[] = [];
  const memory = (size: number): Uint8Array => {
    const buffer = spare.pop();
    return new Uint8Array(buffer !== undefined && buffer.byteLength >= size ? buffer : new ArrayBuffer(size));
  };
  if (threads === 0) {
    const run = makeRunJob(setting);
    return {
      room: 0,
      memory,
      async run(job) {
        const result = run(job);
        spare.push(job.bytes.buffer as ArrayBuffer);
        return result;
      },
      close: async () => undefined,
    };
  }
  const crew = Array.from({ length: threads }, () => startThread(setting, spare));
  return {
    room: 2 * threads,
    memory,
    run(job) {
      const [idlest] = crew.toSorted((a, b) => a.waiting.length - b.waiting.length);
      return (idlest as Thread).run(job);
    },
    async close() {
      await Promise.all(crew.map(({ worker }) => worker.terminate()));
    },
  };
}

interface Thread {
  worker: Worker;
  waiting: Waiting[];
  run(job: Job): Promise<JobResult>;
}

function startThread(setting: JobSetting, spare: ArrayBuffer[]): Thread {
  const [, extension] = /\.(ts|js)$/.exec(import.meta.url) ?? [];
  const worker = new Worker(new URL(`./job-thread.${extension}`, import.meta.url), { workerData: setting });
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
