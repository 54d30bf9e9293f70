import { equalBytes } from "@eventchain/core";
import { max } from "../database/entry-list.ts";
import type { Watermarks } from "../database/read-setup.ts";
import type { ScannedEvents } from "../events/scan-events.ts";
import type { Pin, RootComparison } from "../log/compare-roots.ts";
import type { WalkedLog } from "../log/walk-log.ts";
import type { Draft } from "./draft.ts";

/** All that the verdict on the log rests on. */
export interface LogEvidence {
  log: WalkedLog;
  roots: RootComparison;
  watermarks: Watermarks;
  /** The greatest size that a row of `anchors` calls anchored, where there is no chain to ask; else 0. */
  claimedAnchor: bigint;
  scan: ScannedEvents;
  /** The first of the newest sealed events that are gone with no row after them. */
  truncatedFrom: bigint | undefined;
  /** Whether heads that the log does not explain are the ledger's own; undefined: nothing tells. */
  isOurs: (heads: readonly Pin[]) => Promise<boolean | undefined>;
}

/** The verdict: findings on the log as a whole, and how far which source may be believed. */
export interface LogVerdict {
  drafts: Draft[];
  /** Up to here the events are what was vouched for, whatever the tiles say. */
  provenByEvents: bigint;
  provenByTiles: bigint;
}

/** Weighs tiles, events, anchors, checkpoints and watermarks against each other. The rules stand in decision 0004. */
export async function judgeLog(evidence: LogEvidence): Promise<LogVerdict> {
  const { roots } = evidence;
  const anchors = roots.pins.filter((pin) => pin.source === "anchor");
  const anchored = greatest(anchors.filter(isGood));
  const bad = anchors.filter((pin) => !isGood(pin) && pin.size > anchored);
  // Where anchors contradict the log, checkpoints beyond the last good one may have been signed by whoever rewrote it.
  const others = bad.length > 0 ? [] : roots.pins.filter((pin) => isVouched(pin) && isGood(pin));
  const checkpointed = bad.length > 0 ? 0n : roots.matchedCheckpoint;
  const proven = max(max(anchored, checkpointed), greatest(others));
  const believed = [...anchors, ...others];
  const provenByTiles = max(checkpointed, greatest(believed.filter((pin) => pin.tiles === "match")));
  const provenByEvents = greatest(believed.filter((pin) => pin.events === "match"));
  const facts = { ...evidence, anchored, proven, provenByTiles, provenByEvents };
  const drafts = bad.length > 0 ? await judgeHeads(facts, bad) : judgeCheckpoints(facts);
  drafts.push(...judgeTiles(facts));
  if (!drafts.some(isSweeping)) drafts.push(...judgeClaims(facts));
  return { drafts, provenByEvents, provenByTiles };
}

type Facts = LogEvidence & { anchored: bigint; proven: bigint; provenByTiles: bigint; provenByEvents: bigint };

/** By a signature; the guard is no witness but of what its own sealer did. */
function isVouched(pin: Pin): boolean {
  return pin.source === "checkpoint" || pin.source === "outside";
}

function isGood(pin: Pin): boolean {
  return pin.tiles === "match" || pin.events === "match";
}

function isSweeping({ kind }: Draft): boolean {
  return kind === "rewritten" || kind === "restored" || kind === "truncated" || kind === "foreign-anchor";
}

function greatest(pins: readonly Pin[]): bigint {
  return pins.reduce((size, pin) => max(size, pin.size), 0n);
}

/** The last position that tiles and checkpoints, or else the watermarks, of the database claim. */
function claimOf({ log, roots, watermarks, claimedAnchor }: LogEvidence): bigint {
  const { sealed, anchored, final } = watermarks;
  return [log.claimed, roots.checkpoints.newest, sealed, anchored, final, claimedAnchor].reduce(max, log.size);
}

/** The last event that is there, in places of the log. */
function reachOf({ scan, truncatedFrom }: LogEvidence): bigint {
  return truncatedFrom === undefined ? scan.reach : truncatedFrom - 1n;
}

/** The chain has heads beyond the last one that the log explains. */
async function judgeHeads(facts: Facts, bad: readonly Pin[]): Promise<Draft[]> {
  const { log, anchored, isOurs } = facts;
  const newest = greatest(bad);
  const reach = reachOf(facts);
  const mine = await isOurs(bad);
  if (bad.some((pin) => pin.tiles === "mismatch")) {
    const since = anchored === 0n ? "no anchor fits" : `the last anchor that fits has size ${anchored}`;
    if (mine === false) return [foreign(anchored, newest)];
    const detail = `tiles and events agree with each other, but not with the chain: ${since}`;
    return [range("chain", "rewritten", anchored + 1n, log.size, detail)];
  }
  const claim = claimOf(facts);
  if (claim > reach) return [truncated(facts, reach + 1n, max(claim, newest))];
  if (claim >= newest) {
    const detail = "neither the log's tiles nor the events give the roots that are anchored";
    return [range("chain", "rewritten", anchored + 1n, claim, detail)];
  }
  if (mine === false) return [foreign(anchored, newest)];
  const hint =
    mine === undefined ? "; were nothing lost, the head would be a foreign one: the sealer's guard tells" : "";
  const detail = `the chain has a head of size ${newest}, and the database knows nothing of it${hint}`;
  // Events past the log may be older than the loss, in the time of a head that covers them, or have come after it.
  const kept = facts.scan.plausibleTo ?? log.size;
  return [range("chain", "restored", (kept < newest ? kept : log.size) + 1n, newest, detail)];
}

/** Every head on chain is explained; what is sealed beyond them is measured by signed checkpoints. */
function judgeCheckpoints(facts: Facts): Draft[] {
  const { roots, log, proven } = facts;
  const drafts: Draft[] = [];
  const unfit = roots.pins.filter((pin) => pin.source === "checkpoint" && !isGood(pin));
  for (const { size } of unfit.filter((pin) => pin.size < proven)) {
    const detail = "it is signed, but it contradicts what was sealed and vouched for since";
    drafts.push({ area: "checkpoint", kind: "bad-checkpoint", position: size, detail });
  }
  const reach = reachOf(facts);
  const claim = claimOf(facts);
  const beyond = unfit.filter((pin) => pin.size > proven);
  if (beyond.some((pin) => pin.tiles === "mismatch" || pin.events === "mismatch")) {
    const detail = "tiles and events do not give the root of the signed checkpoints";
    drafts.push(range("checkpoint", "rewritten", proven + 1n, max(log.size, greatest(beyond)), detail));
  } else if (claim > reach) {
    drafts.push(truncated(facts, reach + 1n, claim));
  }
  return drafts;
}

/** Tiles that the events themselves prove wrong, and node tiles that do not follow from the entries. */
function judgeTiles({ log, scan, provenByEvents, provenByTiles }: Facts): Draft[] {
  if (provenByEvents > provenByTiles) {
    const { from, to } = scan.roots.differs ?? { from: log.size + 1n, to: provenByEvents };
    const end = to > provenByEvents ? provenByEvents : to;
    return [range("log", "bad-checkpoint", from, end, "the log's tiles do not give a root that the events do give")];
  }
  const [first] = log.badNodes;
  const last = log.badNodes.at(-1);
  if (first !== undefined && last !== undefined) {
    const detail = `node tile ${first.tile} of level ${first.level} does not follow from the log's entries`;
    return [range("log", "bad-checkpoint", first.from, last.to, detail)];
  }
  if (log.surplusNodes === 0n) return [];
  const detail = log.surplusNodes > 0n ? "there are node tiles beyond the log's end" : "node tiles are missing";
  return [{ area: "log", kind: "bad-checkpoint", position: log.size, detail }];
}

/** What the database claims of its log without anything being lost. */
function judgeClaims(facts: Facts): Draft[] {
  const { log, roots, watermarks, proven, anchored } = facts;
  const drafts: Draft[] = [];
  const claim = claimOf(facts);
  const { newest, bad } = roots.checkpoints;
  if (claim > log.size && facts.provenByEvents <= log.size) {
    const detail = `${claim} events are said to be sealed, but the log holds ${log.size}`;
    drafts.push(range("log", "bad-checkpoint", log.size + 1n, claim, detail));
  } else if (watermarks.sealed < log.size) {
    const detail = `the watermark says that ${watermarks.sealed} are sealed, the log holds ${log.size}`;
    drafts.push(range("log", "bad-checkpoint", watermarks.sealed + 1n, log.size, detail));
  }
  const covered = max(newest, anchored);
  const isReported = bad.length > 0;
  if (log.size > covered && !isReported) {
    const detail = "no signed checkpoint covers what is sealed";
    drafts.push(range("log", "bad-checkpoint", max(covered, proven) + 1n, log.size, detail));
  } else if (log.size > newest && !isReported) {
    const detail = "the checkpoint of the log's size is missing";
    drafts.push({ area: "log", kind: "bad-checkpoint", position: log.size, detail });
  }
  return drafts;
}

function truncated({ log, roots }: LogEvidence, position: bigint, to: bigint): Draft {
  const detail = "the newest events are gone, while tiles, checkpoints or watermarks still claim them";
  const isWatermarkAlone = max(max(log.size, log.claimed), roots.checkpoints.newest) < position;
  return range(isWatermarkAlone ? "log" : "chain", "truncated", position, to, detail);
}

function foreign(anchored: bigint, newest: bigint): Draft {
  const detail = "the chain has a head that was never sealed here: whoever sent it holds the anchoring key";
  return range("chain", "foreign-anchor", anchored + 1n, newest, detail);
}

function range(area: Draft["area"], kind: Draft["kind"], position: bigint, to: bigint, detail: string): Draft {
  return to > position ? { area, kind, position, to, detail } : { area, kind, position, detail };
}

/** Whether a signed checkpoint, of the database or from outside, is of this very head. */
export function isSigned(head: Pin, pins: readonly Pin[]): boolean {
  return pins.some((pin) => isVouched(pin) && pin.size === head.size && equalBytes(pin.root, head.root));
}
