import type pg from "pg";
import { statement } from "../load-statement.ts";
import { runRows } from "../run-rows.ts";
import { acceptedRow, type SystemOutcomeRow } from "../snapshots/refuse.ts";
import type { HandlerRow, HandlerStore } from "./port.ts";

const switchSql = statement("handler-switch");
const listSql = statement("handler-list");

interface SwitchRow extends SystemOutcomeRow {
  outcome: "switched" | "unchanged";
  enabled: boolean;
  by: string | null;
  position: bigint | null;
  atMicros: bigint | null;
}

/** How handlers are switched in a migrated database. The pool stays the caller's to close. */
export function openPostgresHandlers(pool: pg.Pool): HandlerStore {
  return {
    async switch(ledgerId, { handler, enabled, by, event }) {
      const values = [ledgerId, handler, enabled, by, event.id, event.salt, event.metadata, event.metaSalt];
      const [found] = await runRows<SwitchRow>(pool, switchSql, values);
      const row = acceptedRow(found, ledgerId);
      return { outcome: row.outcome, enabled: row.enabled, last: lastOf(handler, row) };
    },
    list: (ledgerId) => runRows<HandlerRow>(pool, listSql, [ledgerId]),
  };
}

function lastOf(handler: string, { enabled, by, position, atMicros }: SwitchRow): HandlerRow | undefined {
  return by === null || position === null || atMicros === null
    ? undefined
    : { handler, enabled, by, position, atMicros };
}
