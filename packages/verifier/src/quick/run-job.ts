import { EventCheck } from "./check-events.ts";
import type { CheckedEvents } from "./checked-events.ts";
import type { MultisetSum } from "./multiset-key.ts";
import { type CommandRange, type CommandSum, sumCommandRows, sumTagRows } from "./sum-rows.ts";

/** What the checks of one run have in common. */
export interface JobSetting {
  origin: string;
  /** Of `MultisetKey`. */
  secret: Uint8Array;
}

/** A batch of a COPY, and what is to be done with it. The bytes are spoiled by it. */
export type Job =
  | { kind: "events"; bytes: Uint8Array; wanted: ReadonlySet<number> }
  | { kind: "tags"; bytes: Uint8Array }
  | { kind: "commands"; bytes: Uint8Array; range: CommandRange };

/** `undefined`: something is not as it should be, or is not to be judged here. */
export type JobResult = CheckedEvents | MultisetSum | CommandSum | undefined;

/** Makes the function that does jobs, one after the other. What it cannot read at all, it does not judge either. */
export function makeRunJob({ origin, secret }: JobSetting): (job: Job) => JobResult {
  const events = new EventCheck(origin, secret);
  return (job) => {
    const bytes = Buffer.from(job.bytes.buffer, job.bytes.byteOffset, job.bytes.length);
    try {
      if (job.kind === "events") return events.check(bytes, job.wanted);
      if (job.kind === "tags") return sumTagRows(bytes, secret);
      return sumCommandRows(bytes, secret, job.range);
    } catch (error) {
      if (error instanceof RangeError) return undefined;
      throw error;
    }
  };
}
