import { canonicalJson, compareUtf8 } from "@eventchain/core";
import type { HandlerStore } from "../postgres/handlers/port.ts";
import { refusal } from "../postgres/snapshots/refuse.ts";
import { appendSystemEvent } from "./append-requests.ts";
import { isName } from "./check-event.ts";
import type { MemoryLedger } from "./memory-ledger.ts";

/** How the handlers of ledgers in memory are switched: checked, refused and recorded as in a database. */
export function memoryHandlers(ledgerOf: (ledgerId: bigint) => MemoryLedger, nowMicros: () => bigint): HandlerStore {
  return {
    async switch(ledgerId, { handler, enabled, by, event }) {
      const ledger = ledgerOf(ledgerId);
      if (!isName(handler)) throw refusal("invalid-name", "a handler's name has 1 to 512 bytes of UTF-8", ledgerId);
      if (!isName(by))
        throw refusal("invalid-argument", "who switches has a name of 1 to 512 bytes of UTF-8", ledgerId);
      const last = ledger.handlers.get(handler);
      if ((last?.enabled ?? true) === enabled) return { outcome: "unchanged", enabled, last: last && { ...last } };
      const data = canonicalJson({ by, enabled, handler });
      const own = { stream: "$handlers", type: "$HandlerSwitched", schema: 1, tags: [], data };
      const placed = appendSystemEvent(ledger, { ...event, ...own }, nowMicros());
      if ("outcome" in placed) throw refusal(placed.code, placed.message, ledgerId);
      const row = { handler, enabled, by, position: placed.position, atMicros: placed.recordedAtMicros };
      ledger.handlers.set(handler, row);
      return { outcome: "switched", enabled, last: { ...row } };
    },
    async list(ledgerId) {
      const rows = [...ledgerOf(ledgerId).handlers.values()];
      return rows.map((row) => ({ ...row })).sort((a, b) => compareUtf8(a.handler, b.handler));
    },
  };
}
