// The other side of `inChild`: takes one task by IPC, answers it, and ends.

import type { ChildAnswer, ChildTask } from "./in-child.ts";
import { readPeakRssMiB } from "./read-peak-rss.ts";

process.once("message", async (task: ChildTask) => {
  let answer: ChildAnswer;
  try {
    const module = (await import(task.module)) as Record<string, (input: unknown) => unknown>;
    const exported = module[task.exported];
    if (exported === undefined) throw new Error(`${task.module} exports no ${task.exported}`);
    const result = await exported(task.input);
    answer = { result, peakRssMiB: readPeakRssMiB() };
  } catch (error) {
    answer = { error };
  }
  process.send?.(answer, () => process.exit());
});
