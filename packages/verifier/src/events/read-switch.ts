import type { EventRow } from "../database/read-events.ts";

/** The type of the event that a switched handler leaves behind. */
export const HANDLER_SWITCHED = "$HandlerSwitched";

/** What a `$HandlerSwitched` event says: keys and types of the format, section 9. */
export interface SwitchData {
  handler: string;
  enabled: boolean;
  by: string;
}

/** The data of a `$HandlerSwitched` event; undefined where it is not what the format says. */
export function readSwitch(data: string): SwitchData | undefined {
  const value = JSON.parse(data) as Record<string, unknown>;
  if (Object.keys(value).sort().join() !== "by,enabled,handler") return undefined;
  const { handler, enabled, by } = value;
  if (typeof handler !== "string" || typeof enabled !== "boolean" || typeof by !== "string") return undefined;
  return handler === "" || by === "" ? undefined : { handler, enabled, by };
}

/** Why an event of this type is none that the ledger writes; undefined where nothing is against it. What is erased is not missed. */
export function switchProblem({ type, stream, data }: EventRow): string | undefined {
  if (type !== HANDLER_SWITCHED) return undefined;
  if (stream !== "$handlers") return `a ${HANDLER_SWITCHED} event stands in $handlers only`;
  if (data === null || readSwitch(data) !== undefined) return undefined;
  return `its data is not that of a ${HANDLER_SWITCHED} event`;
}
