import { Presets, SingleBar } from "cli-progress";
import type { ProgramIo } from "./io.ts";

/** A bar on standard error; nothing at all where that is no terminal. */
export interface Progress {
  /** How much of the total is done. */
  update(done: bigint, total?: bigint): void;
  stop(): void;
}

const silent: Progress = { update: () => undefined, stop: () => undefined };

/**
 * Starts a bar. Totals beyond 2^53 are not counted exactly, which a bar does not need.
 * @param unit of what is counted: the bar shows how many a second there were since it was first told of any
 */
export function startProgress(stderr: ProgramIo["stderr"], total: bigint, label: string, unit?: string): Progress {
  if (stderr.isTTY !== true) return silent;
  const format = `${label} {bar} {percentage}% {value}/{total}${unit === undefined ? "" : ` {rate} ${unit}/s`}`;
  const bar = new SingleBar(
    { format, stream: stderr, clearOnComplete: true, hideCursor: true },
    Presets.shades_classic,
  );
  bar.start(Number(total), 0, { rate: 0 });
  let first: { done: bigint; atMs: number } | undefined;
  const rateOf = (done: bigint): number => {
    const nowMs = performance.now();
    first ??= { done, atMs: nowMs };
    return nowMs === first.atMs ? 0 : Math.round((Number(done - first.done) * 1000) / (nowMs - first.atMs));
  };
  return {
    update: (done, newTotal) => {
      if (newTotal !== undefined) bar.setTotal(Number(newTotal));
      bar.update(Number(done), { rate: rateOf(done) });
    },
    stop: () => bar.stop(),
  };
}
