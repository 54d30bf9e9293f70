// One of several processes that append at the same time, told by IPC what to do: see start-processes.ts.

import { setTimeout as pause } from "node:timers/promises";
import { benchEvent } from "../harness/events.ts";
import { measureCallers } from "../harness/measure-callers.ts";
import { openStore, type ProcessStore } from "./open-store.ts";
import type { ProcessAnswer, ProcessTask } from "./start-processes.ts";

let store: ProcessStore | undefined;

async function act(task: ProcessTask): Promise<ProcessAnswer> {
  if (task.act === "open") {
    store = await openStore(task.store, task.databaseUrl, task.callers);
    return { act: "open" };
  }
  if (store === undefined) throw new Error("it is opened first");
  const { append } = store;
  const { seed, callers, seconds, startMs } = task;
  await pause(Math.max(0, startMs - Date.now()));
  const {
    count,
    seconds: taken,
    latenciesMs,
  } = await measureCallers(callers, seconds, async (number) => {
    await append(benchEvent(seed, number));
  });
  return { act: "run", count, seconds: taken, latenciesMs: Float64Array.from(latenciesMs) };
}

process.on("message", (task: ProcessTask) => {
  act(task).then(
    (answer) => process.send?.(answer),
    (error: unknown) => process.send?.({ act: "failed", error } satisfies ProcessAnswer),
  );
});
process.once("disconnect", async () => {
  await store?.close();
  process.exit();
});
