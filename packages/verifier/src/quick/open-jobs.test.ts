import { expect, test, vi } from "vitest";
import { COPY_HEADER } from "./copy-messages.fixture.ts";
import { openJobs } from "./open-jobs.ts";

const threads = vi.hoisted(() => ({ started: 0, ended: 0 }));

vi.mock("node:worker_threads", async () => {
  const { EventEmitter } = await import("node:events");
  class Worker extends EventEmitter {
    constructor() {
      super();
      if (threads.started === 2) throw new Error("no more threads may be started");
      threads.started += 1;
    }

    async terminate(): Promise<number> {
      threads.ended += 1;
      return 1;
    }
  }
  return { Worker };
});

test("works here where not all threads can be started, and ends those that were", async () => {
  await using jobs = openJobs(4);
  expect(threads).toEqual({ started: 2, ended: 2 });
  jobs.begin({ origin: "verify.test", secret: new Uint8Array(8) });
  const header = Buffer.concat([Buffer.from([0x64, 0, 0, 0, 4 + COPY_HEADER.length]), COPY_HEADER]);
  const bytes = jobs.memory(header.length);
  bytes.set(header);
  expect(await jobs.run({ kind: "tags", bytes })).toEqual({ low: 0, high: 0, count: 0 });
});
