import type { CheckpointFacts } from "../log/compare-roots.ts";
import type { Draft } from "./draft.ts";

/** The checkpoints of the database that are bad by themselves; those that follow each other are one finding. */
export function judgeCheckpointRows({ bad, badCount }: CheckpointFacts): Draft[] {
  const drafts: (Draft & { position: bigint })[] = [];
  let previous: number | undefined;
  for (const { size, problem, ordinal } of bad) {
    const last = drafts.at(-1);
    if (last !== undefined && previous === ordinal - 1 && size > last.position) {
      last.to = size;
    } else {
      drafts.push({ area: "checkpoint", kind: "bad-checkpoint", position: size, detail: problem ?? "it does not fit" });
    }
    previous = ordinal;
  }
  const last = drafts.at(-1);
  if (last !== undefined && badCount > bad.length) last.detail = `${last.detail}; and ${badCount - bad.length} more`;
  return drafts;
}
