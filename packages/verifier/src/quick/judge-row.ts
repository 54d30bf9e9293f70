import { isSystemType } from "@eventchain/core";
import type { EventRow } from "../database/read-events.ts";
import { contentColumnsProblem, sameHex } from "../events/check-columns.ts";
import { readContent } from "../events/read-content.ts";
import { COMMAND_REJECTED, type RejectionData, readCommandId, readRejection } from "../events/read-rejection.ts";
import { systemProblem } from "../events/system-problem.ts";

/** A row that is what its own columns say. */
export interface JudgedRow {
  /** The command that the event names. */
  command: string | undefined;
  /** What that command was refused by, where the event is of its refusal. */
  rejection: RejectionData | undefined;
  /** Nothing is left that says which command it was. */
  unnamed: boolean;
}

/** Judges a row by the functions of `scanEvents`, but for its place in the chain. `undefined`: something is wrong, or not for here. */
export function judgeRow(row: EventRow, origin: string): JudgedRow | undefined {
  const { contents, crooked } = readContent(row, origin);
  const [content] = contents;
  if (content === undefined || contents.length > 1 || crooked.length > 0) return undefined;
  if (contentColumnsProblem(row, content) !== undefined || systemProblem(row) !== undefined) return undefined;
  if (!sameHex(row.contentHash, content.contentHash)) return undefined;
  if (row.type.startsWith("$") && (!isSystemType(row.type) || row.type === "$FormatChanged")) return undefined;
  const isRejection = row.type === COMMAND_REJECTED;
  const rejection = isRejection && row.data !== null ? readRejection(row.data) : undefined;
  if (row.metadata === null) {
    return { command: rejection?.command, rejection, unnamed: rejection === undefined };
  }
  // Its row of `commands` says more than the event does any longer.
  if (isRejection && rejection === undefined) return undefined;
  return { command: readCommandId(row.metadata), rejection, unnamed: false };
}
