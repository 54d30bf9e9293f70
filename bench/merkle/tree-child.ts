// What a process of its own does: its peak memory is the tree's.
import { makeEntries } from "./make-entries.ts";
import { TREE_LIBRARIES, type TreeLibrary } from "./tree-libraries.ts";

export interface TreeInput {
  library: string;
  leaves: number;
}

const PROOFS = 2_000;
const WARM_UP_SECONDS = 0.3;
const CHECK_SECONDS = 1;

async function openLibrary(name: string): Promise<TreeLibrary> {
  const open = TREE_LIBRARIES[name];
  if (open === undefined) throw new Error(`there is no library ${name}`);
  return open();
}

const secondsSince = (start: number): number => (performance.now() - start) / 1000;

/** Seconds to build the tree; that a proof made from it holds is checked after it. */
export async function buildOnce({ library: name, leaves }: TreeInput): Promise<number> {
  const library = await openLibrary(name);
  const taken = library.take(makeEntries(leaves));
  const start = performance.now();
  const tree = library.build(taken);
  const seconds = secondsSince(start);
  for (const index of [0, leaves >> 1, leaves - 1]) {
    if (!tree.proofOf(index)()) throw new Error(`${name} does not take its own proof`);
  }
  return seconds;
}

/** Checks of inclusion proofs that are there, one after the other in one thread, for about a second. */
export async function checkProofs({ library: name, leaves }: TreeInput): Promise<{ checks: number; seconds: number }> {
  const library = await openLibrary(name);
  const tree = library.build(library.take(makeEntries(leaves)));
  const step = Math.max(1, Math.floor(leaves / PROOFS));
  const checks = Array.from({ length: Math.min(PROOFS, leaves) }, (_, i) => tree.proofOf(i * step));
  const run = (least: number): { checks: number; seconds: number } => {
    const start = performance.now();
    for (let done = 0; ; ) {
      for (let i = 0; i < 100; i++, done++) {
        if (checks[done % checks.length]?.() !== true) throw new Error(`${name} does not take its own proof`);
      }
      const seconds = secondsSince(start);
      if (seconds >= least) return { checks: done, seconds };
    }
  };
  run(WARM_UP_SECONDS);
  return run(CHECK_SECONDS);
}
