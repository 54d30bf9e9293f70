import type { CommandRecord, RecordedEvent } from "../port.ts";
import { statement } from "./load-statement.ts";
import { type Queryable, runRows } from "./run-rows.ts";

const findCommandSql = statement("find-command");
const readRecordedSql = statement("read-recorded");

/** What is recorded of a command id, with its events. */
export async function findCommand(
  database: Queryable,
  ledgerId: bigint,
  commandId: string,
): Promise<CommandRecord | undefined> {
  if (commandId.includes("\0") || !commandId.isWellFormed()) return undefined;
  const [found] = await runRows<Omit<CommandRecord, "commandId" | "events">>(database, findCommandSql, [
    ledgerId,
    commandId,
  ]);
  if (found === undefined) return undefined;
  const range = [ledgerId, found.firstPosition, found.lastPosition];
  const events = found.firstPosition === null ? [] : await runRows<RecordedEvent>(database, readRecordedSql, range);
  return { commandId, ...found, events };
}
