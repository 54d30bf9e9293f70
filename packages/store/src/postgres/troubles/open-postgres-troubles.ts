import type pg from "pg";
import { statement } from "../load-statement.ts";
import { runRows } from "../run-rows.ts";
import type { TroubleRow, TroubleStore } from "./port.ts";

const noteSql = statement("trouble-note");
const clearSql = statement("trouble-clear");
const listSql = statement("trouble-list");

/** The handlers' troubles in a migrated database. The pool stays the caller's to close. */
export function openPostgresTroubles(pool: pg.Pool): TroubleStore {
  return {
    async note(origins, handler, state, reason) {
      await runRows(pool, noteSql, [[origins].flat(), handler, state, reason.slice(0, 1_000).replaceAll("\0", "")]);
    },
    async clear(origins, handler) {
      await runRows(pool, clearSql, [[origins].flat(), handler]);
    },
    list: (ledgerId) => runRows<TroubleRow>(pool, listSql, [ledgerId]),
  };
}
