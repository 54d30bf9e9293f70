import { readBlockTimes } from "./chain/read-chain.ts";
import { type EntryList, max, min } from "./database/entry-list.ts";
import type { Snapshot } from "./database/open-snapshot.ts";
import type { Setup } from "./database/read-setup.ts";
import type { DatedAnchor } from "./events/check-times.ts";
import { type ScanInput, type ScannedEvents, scanEvents } from "./events/scan-events.ts";
import type { Inspection } from "./inspect-ledger.ts";
import { RootComparison } from "./log/compare-roots.ts";
import { type OutsideCheckpoint, readCheckpoints, readOutsideCheckpoint } from "./log/read-notes.ts";
import { type WalkedLog, walkLog } from "./log/walk-log.ts";
import { type Beginning, checkBeginning } from "./outside/check-trust.ts";
import type { Jobs } from "./quick/open-jobs.ts";
import { quickScan } from "./quick/quick-scan.ts";

const DEFAULT_CLOCK_SKEW_MS = 10_000;
/** More than a tail of unsealed events spans. */
const MAX_HEADS_BEYOND = 8;

/** What is known before the events are read. */
export interface Groundwork {
  setup: Setup;
  beginning: Beginning;
  outside: OutsideCheckpoint[];
  epoch: bigint;
  /** How the tiles compare with every root that somebody vouched for. */
  roots: RootComparison;
  log: WalkedLog;
  /** The first position to read: as asked for, but never past the first that is not sealed. */
  from: bigint;
  /** The first heads of the chain beyond the log's end: what was recorded after them cannot be what they stand for. */
  beyond: DatedAnchor[];
  /** The anchors that date events, with the times of their blocks. */
  dated: DatedAnchor[];
}

/** What was found of the events. */
export interface LookedOver extends ScannedEvents {
  /** Nothing, and nothing in the tables that follow from them either. */
  isClean: boolean;
}

/** Reads keys, checkpoints and tiles, and computes the log's root at every size that matters. */
export async function layGround(snapshot: Snapshot, setup: Setup, inspection: Inspection): Promise<Groundwork> {
  const { options, chain, view, ledgerId } = inspection;
  const beginning = checkBeginning(setup, options.trust);
  const { origin, vkeys } = beginning;
  const outside = (options.checkpoints ?? []).map((note) => readOutsideCheckpoint(note, origin, vkeys));
  const epoch = view?.head?.epoch ?? setup.ledger.epoch;
  const stored = readCheckpoints(snapshot, ledgerId, origin, vkeys);
  const roots = new RootComparison({ anchors: view?.anchors ?? [], outside, stored, epoch, guard: options.guard });
  await roots.start();
  const log = await walkLog(snapshot, ledgerId, roots);
  await roots.finish();
  const from = max(1n, min(options.from ?? 1n, log.size + 1n));
  // Only an anchor that the log leads to dates the events below it.
  const sound = roots.pins.filter((pin) => pin.source === "anchor" && pin.tiles === "match" && pin.size >= from);
  const anchors = sound.flatMap(({ anchor }) => (anchor === undefined ? [] : [anchor]));
  const dated = chain === undefined ? [] : await readBlockTimes(chain, anchors);
  const later = (view?.anchors ?? []).filter(({ size }) => size > log.size).slice(0, MAX_HEADS_BEYOND);
  const beyond = chain === undefined ? [] : await readBlockTimes(chain, later);
  return { setup, beginning, outside, epoch, roots, log, from, dated, beyond };
}

/** The events: looked over quickly, and one by one where that does not find all of them, and what follows from them, clean. */
export async function scanOn(
  snapshot: Snapshot,
  ground: Groundwork,
  entries: EntryList,
  { options, ledgerId }: Inspection,
  jobs: Jobs,
): Promise<LookedOver> {
  const { setup, beginning, roots, from, dated, beyond } = ground;
  const input: ScanInput = {
    snapshot,
    ledgerId,
    origin: beginning.origin,
    genesisHash: beginning.genesisHash,
    entries,
    from,
    head: setup.head,
    pins: roots.pins.filter((pin) => pin.tiles !== "match"),
    anchors: dated,
    beyond,
    skewMicros: BigInt(options.clockSkewMs ?? DEFAULT_CLOCK_SKEW_MS) * 1000n,
    wanted: new Set((options.receipts ?? []).map((receipt) => receipt.position)),
    snapshots: options.snapshots === true,
    onProgress: onwards(options.onProgress),
    signal: options.signal,
  };
  const clean = await quickScan(input, jobs);
  return clean === undefined ? { ...(await scanEvents(input)), isClean: false } : { ...clean, isClean: true };
}

/** Tells of progress only where there is some: what was looked over may be gone through once more. */
function onwards(tell: ScanInput["onProgress"]): ScanInput["onProgress"] {
  let most = 0n;
  return (done, total) => {
    if (done <= most) return;
    most = done;
    tell?.(done, total);
  };
}
