import { type Bytes, eventHash } from "@eventchain/core";
import { expect, test } from "vitest";
import type { CopySink } from "../database/copy-out.ts";
import type { EntryList } from "../database/entry-list.ts";
import type { Snapshot } from "../database/open-snapshot.ts";
import type { ScanInput } from "../events/scan-events.ts";
import { copyMessages, eventFields } from "./copy-messages.fixture.ts";
import { type Jobs, openJobs } from "./open-jobs.ts";
import { quickScan } from "./quick-scan.ts";
import type { Job, JobResult } from "./run-job.ts";

const ORIGIN = "verify.test";
const END = Buffer.from([0x64, 0, 0, 0, 6, 0xff, 0xff]);

/** Events of one stream, a message each. */
function makeEvents(count: number): Buffer[] {
  let prevHash: Bytes = new Uint8Array(32);
  return Array.from({ length: count }, (_, i) => {
    const event = {
      ledger: ORIGIN,
      stream: "order-1",
      type: "Paid",
      id: "01890000-0000-7000-8000-000000000001",
      schema: 1,
      tags: [],
      data: "{}",
      salt: new Uint8Array(16),
      metadata: "{}",
      metaSalt: new Uint8Array(16),
      position: BigInt(i + 1),
      version: BigInt(i + 1),
      recordedAtMicros: 1_763_683_200_000_000n,
      prevHash,
    };
    prevHash = eventHash(event).hash;
    return copyMessages([eventFields(event)]);
  });
}

/** A ledger with no log, whose COPY of events gives these batches. */
function inputOf(head: number, batches: readonly Buffer[], more: Partial<ScanInput> = {}): ScanInput {
  const copy = async (sql: string, sink: CopySink): Promise<void> => {
    let failure: { error: unknown } | undefined;
    for (const batch of sql.includes("eventchain.events") ? batches : []) {
      // As a COPY does: what follows comes in all the same.
      await sink.take(new Uint8Array(batch))?.catch((error: unknown) => {
        failure ??= { error };
      });
    }
    if (failure !== undefined) throw failure.error;
  };
  const snapshot: Snapshot = { rows: async () => [], pages: () => expect.unreachable(), copy };
  const entries = { size: 0n, load: async () => undefined, run: () => new Uint8Array(0) };
  return {
    snapshot,
    ledgerId: 1n,
    origin: ORIGIN,
    genesisHash: new Uint8Array(32),
    entries: entries as unknown as EntryList,
    from: 1n,
    head: BigInt(head),
    pins: [],
    anchors: [],
    beyond: [],
    skewMicros: 0n,
    wanted: new Set(),
    snapshots: false,
    onProgress: undefined,
    signal: undefined,
    ...more,
  };
}

test.each([0, 1])("takes an end mark in a batch of its own, with %i threads", async (threads) => {
  await using jobs = openJobs(threads);
  const events = makeEvents(2);
  expect(await quickScan(inputOf(2, [...events, END]), jobs)).toMatchObject({ checked: 2n, drafts: [] });
  expect(await quickScan(inputOf(3, [...events, END]), jobs)).toBeUndefined();
});

/** Jobs done here, each followed by `next`; `begun` counts them. */
function watchJobs(next: () => void): { jobs: Jobs; begun(): number } {
  const jobs = openJobs(0);
  let begun = 0;
  const run = async (job: Job): Promise<JobResult> => {
    begun += 1;
    const result = await jobs.run(job);
    next();
    return result;
  };
  return { jobs: { ...jobs, run }, begun: () => begun };
}

test("takes no more rows of tags than the events have, though their sums be the same", async () => {
  const jobs = openJobs(0);
  const input = inputOf(2, makeEvents(2));
  const { snapshot } = input;
  const copy = async (sql: string, sink: CopySink): Promise<void> => {
    await snapshot.copy?.(sql, sink);
    if (sql.includes("eventchain.event_tags")) await sink.take(new Uint8Array(END));
  };
  const withTags = (count: number): ReturnType<typeof quickScan> => {
    const run = async (job: Job): Promise<JobResult> =>
      job.kind === "tags" ? { low: 0, high: 0, count } : await jobs.run(job);
    return quickScan({ ...input, snapshot: { ...snapshot, copy } }, { ...jobs, run });
  };
  expect(await withTags(0)).toMatchObject({ checked: 2n });
  expect(await withTags(2 ** 32)).toBeUndefined();
});

test("begins no more jobs after an abort, nor after a job that failed", async () => {
  const events = makeEvents(20);
  const reason = new Error("the thread is gone");
  const failing = watchJobs(() => {
    throw reason;
  });
  await expect(quickScan(inputOf(20, events), failing.jobs)).rejects.toBe(reason);
  expect(failing.begun()).toBe(1);

  const aborting = new AbortController();
  const aborted = watchJobs(() => aborting.abort());
  const done = quickScan(inputOf(20, events, { signal: aborting.signal }), aborted.jobs);
  await expect(done).rejects.toMatchObject({ code: "aborted" });
  expect(aborted.begun()).toBe(1);
});
