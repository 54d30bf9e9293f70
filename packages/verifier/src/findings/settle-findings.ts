import type { Finding, FindingKind } from "../report.ts";
import type { Draft, FindingArea } from "./draft.ts";
import type { RunLimits } from "./run-limits.ts";

/** The most findings of a report; the last one says how many more there are. */
const MAX_FINDINGS = 10_000;

/** What a finding explains of what lies within it: areas whose findings there would tell the same tampering again. */
const EXPLAINS: Readonly<Partial<Record<FindingKind, readonly FindingArea[]>>> = {
  rewritten: ["event", "derived", "witnessed", "log", "checkpoint", "claim", "outside", "time", "erasure"],
  restored: ["event", "derived", "witnessed", "log", "checkpoint", "claim", "outside", "time", "erasure"],
  truncated: ["derived", "witnessed", "log", "checkpoint", "claim", "outside"],
  "forged-anchor": ["log"],
};

/** What else is known when findings are put together. */
export interface SettleInput {
  drafts: readonly Draft[];
  /** Events up to here are proven; what the log's tiles say against them is the tiles' fault. */
  provenByEvents: bigint;
  provenByTiles: bigint;
  /** Where stored positions are not the sealed ones: other tables that go by position say nothing there. */
  disturbed: RunLimits;
}

/** One tampering, one finding: drops what a wider finding explains, joins neighbours, sorts by position. */
export function settleFindings(input: SettleInput): Finding[] {
  const wide = input.drafts.filter((draft) => draft.kind in EXPLAINS);
  const isBlamedOnTiles = ({ area, position }: Draft): boolean =>
    area === "event" && input.provenByEvents > input.provenByTiles && (position ?? 0n) <= input.provenByEvents;
  const kept = input.drafts.filter((draft) => !isBlamedOnTiles(draft) && !wide.some((one) => explains(one, draft)));
  const events = kept.filter((draft) => draft.area === "event");
  const goesByPosition = ({ area }: Draft): boolean => area === "derived" || area === "witnessed";
  const plain = kept.filter((draft) => !goesByPosition(draft) || !isDisturbed(draft, events, input.disturbed));
  // A key that is not trusted makes bad checkpoints; where there are such, it is they that tell.
  const told = plain.some(({ area, kind }) => area === "checkpoint" && kind === "bad-checkpoint");
  const rest = plain.filter(({ area, kind }) => !(told && area === "trust" && kind === "bad-checkpoint"));
  const joined = joinNeighbours(rest.sort(inOrder));
  return cap(joined.map(finish));
}

function explains(wide: Draft, draft: Draft): boolean {
  if (rankOf(wide) >= rankOf(draft) || wide.position === undefined || draft.position === undefined) return false;
  if (EXPLAINS[wide.kind]?.includes(draft.area) !== true || draft.position < wide.position) return false;
  // What follows a changed or lost end is not what a receipt, or a row of its own, says either.
  return draft.position <= (wide.to ?? wide.position) || draft.area === "outside" || draft.area === "witnessed";
}

/** Who explains whom: the lesser rank the greater. */
function rankOf({ kind, area }: Draft): number {
  // Watermarks alone may claim what never was: then it is the false anchor that they claim as well which tells.
  if (kind === "truncated") return area === "log" ? 4 : 2;
  const rank = ["rewritten", "restored", "truncated", "forged-anchor"].indexOf(kind);
  return rank < 0 ? 9 : rank;
}

function isDisturbed(draft: Draft, events: readonly Draft[], disturbed: RunLimits): boolean {
  const { position } = draft;
  if (position === undefined) return false;
  return disturbed.has(position) || events.some((one) => isWithin(position, one));
}

function isWithin(position: bigint, draft: Draft): boolean {
  return draft.position !== undefined && draft.position <= position && position <= (draft.to ?? draft.position);
}

function inOrder(a: Draft, b: Draft): number {
  // What has no position comes last.
  const [x, y] = [a.position ?? 1n << 63n, b.position ?? 1n << 63n];
  if (x !== y) return x < y ? -1 : 1;
  return compare(a.kind, b.kind) || compare(a.detail, b.detail);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Findings of one kind and area at neighbouring positions become a run. */
function joinNeighbours(drafts: readonly Draft[]): Draft[] {
  const joined: Draft[] = [];
  const open = new Map<string, Draft>();
  for (const draft of drafts) {
    const key = `${draft.area} ${draft.kind}`;
    const before = open.get(key);
    if (before !== undefined && isNext(before, draft)) {
      const end = draft.to ?? draft.position;
      if (end !== undefined && end > (before.to ?? before.position ?? 0n)) before.to = end;
      if (before.detail !== draft.detail && !before.detail.endsWith(" …")) before.detail = `${before.detail} …`;
      continue;
    }
    const fresh = { ...draft };
    open.set(key, fresh);
    joined.push(fresh);
  }
  return joined;
}

function isNext(before: Draft, draft: Draft): boolean {
  if (before.position === undefined || draft.position === undefined) return false;
  if (draft.kind === "reordered" || draft.kind === "bad-snapshot") return false;
  const end = before.to ?? before.position;
  return draft.position === end || draft.position === end + 1n;
}

function finish({ kind, position, to, eventId, stream, branch, detail }: Draft): Finding {
  return {
    kind,
    ...(position === undefined ? {} : { position: position.toString() }),
    ...(to === undefined ? {} : { to: to.toString() }),
    ...(eventId === undefined ? {} : { eventId }),
    ...(stream === undefined ? {} : { stream }),
    ...(branch === undefined ? {} : { branch }),
    detail,
  };
}

function cap(findings: Finding[]): Finding[] {
  if (findings.length <= MAX_FINDINGS) return findings;
  const kept = findings.slice(0, MAX_FINDINGS);
  const last = kept.at(-1) as Finding;
  kept[MAX_FINDINGS - 1] = { ...last, detail: `${last.detail}; and ${findings.length - MAX_FINDINGS} more findings` };
  return kept;
}
