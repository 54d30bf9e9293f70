import type { EventRow } from "../database/read-events.ts";
import type { Content } from "./read-content.ts";

/** A row whose hash was recomputed and found where it should be: in the log, or in the chain that follows it. */
export interface ProvenEvent {
  row: EventRow;
  content: Content;
  /** Its place: as sealed, or as the chain goes on. */
  position: bigint;
  sealed: boolean;
}
