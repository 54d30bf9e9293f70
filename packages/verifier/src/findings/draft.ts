import type { FindingKind } from "../report.ts";

/** What a finding is about: decides which wider finding explains it. */
export type FindingArea =
  | "event"
  | "derived"
  /** A row that one event commits to. */
  | "witnessed"
  | "log"
  | "checkpoint"
  | "claim"
  | "outside"
  | "time"
  | "erasure"
  | "chain"
  | "trust";

/** A finding before all of them are put together. */
export interface Draft {
  area: FindingArea;
  kind: FindingKind;
  position?: bigint;
  to?: bigint;
  eventId?: string;
  stream?: string;
  /** Of a snapshot. */
  branch?: string;
  detail: string;
}

/** Adds a finding, or has the one before it go on where it says the same of the next position: a long run takes no room. */
export function pushRun(drafts: Draft[], draft: Draft): void {
  const last = drafts.at(-1);
  const goesOn =
    last?.position !== undefined &&
    draft.position !== undefined &&
    last.kind === draft.kind &&
    last.area === draft.area &&
    last.detail === draft.detail &&
    (last.to ?? last.position) + 1n === draft.position;
  if (goesOn) Object.assign(last, { to: draft.to ?? draft.position });
  else drafts.push(draft);
}
