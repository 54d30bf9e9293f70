// A thread that does jobs: first the setting comes in; then a batch comes in, and its result goes out with the batch's memory.

import { isMainThread, parentPort } from "node:worker_threads";
import { type Job, type JobResult, type JobSetting, makeRunJob } from "./run-job.ts";

/** A job's result, and the memory of its batch. */
export interface JobAnswer {
  result: JobResult;
  memory: ArrayBuffer;
}

if (!isMainThread) {
  let run: ReturnType<typeof makeRunJob> | undefined;
  parentPort?.on("message", (message: JobSetting | Job) => {
    if ("secret" in message) {
      run = makeRunJob(message);
      return;
    }
    const result = run?.(message);
    const memory = message.bytes.buffer as ArrayBuffer;
    const arrays = result !== undefined && "hashes" in result ? [result.hashes, result.micros, result.streams] : [];
    const moved = arrays.map(({ buffer }) => buffer as ArrayBuffer);
    parentPort?.postMessage({ result, memory } satisfies JobAnswer, [memory, ...moved]);
  });
}
