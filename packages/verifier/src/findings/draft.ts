import type { FindingKind } from "../report.ts";

/** What a finding is about: decides which wider finding explains it. */
export type FindingArea =
  | "event"
  | "derived"
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
  detail: string;
}
