import type pg from "pg";
import { anchorMarker, anchorPreparer } from "./move-anchors.ts";
import type { LogStore } from "./port.ts";
import { anchorReader } from "./read-anchors.ts";
import { readLog } from "./read-log.ts";
import { sealRunner } from "./run-seal.ts";
import { writeLog } from "./write-log.ts";

/** The log's and the anchors' side of a migrated database. The pool stays the caller's to close. */
export function openPostgresLog(pool: pg.Pool): LogStore {
  return {
    ...readLog(pool),
    ...writeLog(pool),
    ...anchorReader(pool),
    ...anchorPreparer(pool),
    ...anchorMarker(pool),
    seal: sealRunner(pool),
  };
}
