import type pg from "pg";
import type { LogStore } from "./port.ts";

/** The log's and the anchors' side of a migrated database. The pool stays the caller's. */
export declare function openPostgresLog(pool: pg.Pool): LogStore;
