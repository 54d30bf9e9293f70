// A thread that does jobs: a batch comes in, its result goes out, with the batch's memory.

import { isMainThread, parentPort, workerData } from "node:worker_threads";
import { type Job, type JobResult, type JobSetting, makeRunJob } from "./run-job.ts";

/** A job's result, and the memory of its batch. */
export interface JobAnswer {
  result: JobResult;
  memory: ArrayBuffer;
}

if (!isMainThread) {
  const run = makeRunJob(workerData as JobSetting);
  parentPort?.on("message", (job: Job) => {
    const result = run(job);
    const memory = job.bytes.buffer as ArrayBuffer;
    const arrays = result !== undefined && "hashes" in result ? [result.hashes, result.micros, result.streams] : [];
    const moved = arrays.map(({ buffer }) => buffer as ArrayBuffer);
    parentPort?.postMessage({ result, memory } satisfies JobAnswer, [memory, ...moved]);
  });
}
