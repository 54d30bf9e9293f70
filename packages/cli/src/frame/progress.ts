import { Presets, SingleBar } from "cli-progress";
import type { ProgramIo } from "./io.ts";

/** A bar on standard error; nothing at all where that is no terminal. */
export interface Progress {
  /** How much of the total is done. */
  update(done: bigint, total?: bigint): void;
  stop(): void;
}

const silent: Progress = { update: () => undefined, stop: () => undefined };

/** Starts a bar. Totals beyond 2^53 are not counted exactly, which a bar does not need. */
export function startProgress(stderr: ProgramIo["stderr"], total: bigint, label: string): Progress {
  if (stderr.isTTY !== true) return silent;
  const format = `${label} {bar} {percentage}% {value}/{total}`;
  const bar = new SingleBar(
    { format, stream: stderr, clearOnComplete: true, hideCursor: true },
    Presets.shades_classic,
  );
  bar.start(Number(total), 0);
  return {
    update: (done, newTotal) => {
      if (newTotal !== undefined) bar.setTotal(Number(newTotal));
      bar.update(Number(done));
    },
    stop: () => bar.stop(),
  };
}
