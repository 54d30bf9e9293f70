import type { EventRow } from "../database/read-events.ts";
import { rejectionProblem } from "./read-rejection.ts";
import { snapshotProblem } from "./read-snapshot.ts";

/** The type of the event that a switched handler leaves behind. */
const HANDLER_SWITCHED = "$HandlerSwitched";

/** Why one of the ledger's own events is none that the ledger writes; undefined where nothing is against it, and for all others. */
export function systemProblem(row: EventRow): string | undefined {
  if (!row.type.startsWith("$")) return undefined;
  return rejectionProblem(row) ?? snapshotProblem(row) ?? switchProblem(row);
}

/** Keys and types of the format, section 9. What is erased is not missed. */
function switchProblem({ type, stream, data }: EventRow): string | undefined {
  if (type !== HANDLER_SWITCHED) return undefined;
  if (stream !== "$handlers") return `a ${HANDLER_SWITCHED} event stands in $handlers only`;
  if (data === null) return undefined;
  const value = JSON.parse(data) as Record<string, unknown>;
  const { handler, enabled, by } = value;
  const isIt =
    Object.keys(value).sort().join() === "by,enabled,handler" &&
    typeof handler === "string" &&
    handler !== "" &&
    typeof enabled === "boolean" &&
    typeof by === "string" &&
    by !== "";
  return isIt ? undefined : `its data is not that of a ${HANDLER_SWITCHED} event`;
}
