import type { EventRow } from "../database/read-events.ts";

/** What a `$CommandRejected` event says of its command: keys and types of the format, section 9. */
export interface RejectionData {
  command: string;
  code: string;
  type: string | null;
  actor: string | null;
}

/** The type of the event that a rejection leaves behind where it is recorded as one. */
export const COMMAND_REJECTED = "$CommandRejected";

const KEYS = "actor,code,command,type";

/** The data of a `$CommandRejected` event; undefined where it is not what the format says. */
export function readRejection(data: string): RejectionData | undefined {
  const value: unknown = JSON.parse(data);
  if (typeof value !== "object" || value === null || Object.keys(value).sort().join() !== KEYS) return undefined;
  const { command, code, type, actor } = value as Record<string, unknown>;
  if (typeof command !== "string" || typeof code !== "string") return undefined;
  return isTextOrNull(type) && isTextOrNull(actor) ? { command, code, type, actor } : undefined;
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || typeof value === "string";
}

/** The command that an event's metadata names; undefined where it names none. */
export function readCommandId(metadata: string): string | undefined {
  if (!metadata.includes('"commandId"')) return undefined;
  const { commandId } = JSON.parse(metadata) as { commandId?: unknown };
  return typeof commandId === "string" ? commandId : undefined;
}

/** Why an event of this type is none that the ledger writes; undefined where nothing is against it. What is erased is not missed. */
export function rejectionProblem({ type, stream, data, metadata }: EventRow): string | undefined {
  if (type !== COMMAND_REJECTED) return undefined;
  if (stream !== "$audit") return `a ${COMMAND_REJECTED} event stands in $audit only`;
  if (data === null) return undefined;
  const rejection = readRejection(data);
  if (rejection === undefined) return `its data is not that of a ${COMMAND_REJECTED} event`;
  if (metadata === null || readCommandId(metadata) === rejection.command) return undefined;
  return "its data names another command than its metadata";
}
