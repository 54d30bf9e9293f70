import type { CommandRecord, RecordedEvent } from "../port.ts";
import { statement } from "./load-statement.ts";
import { type Queryable, runRows } from "./run-rows.ts";

const findCommandSql = statement("find-command");
const knownCommandsSql = statement("known-commands");
const readRecordedSql = statement("read-recorded");

/** A text that Postgres cannot hold is no command's id. */
function isStorable(commandId: string): boolean {
  return commandId.isWellFormed() && !commandId.includes("\0");
}

/** What is recorded of a command id, with its events. */
export async function findCommand(
  database: Queryable,
  ledgerId: bigint,
  commandId: string,
): Promise<CommandRecord | undefined> {
  if (!isStorable(commandId)) return undefined;
  const [found] = await runRows<Omit<CommandRecord, "commandId" | "events">>(database, findCommandSql, [
    ledgerId,
    commandId,
  ]);
  if (found === undefined) return undefined;
  const range = [ledgerId, found.firstPosition, found.lastPosition];
  const hasEvents = found.outcome === "recorded" && found.firstPosition !== null;
  const events = !hasEvents ? [] : await runRows<RecordedEvent>(database, readRecordedSql, range);
  return { commandId, ...found, events };
}

/** Which of these command ids are recorded or rejected. */
export async function knownCommands(
  database: Queryable,
  ledgerId: bigint,
  commandIds: readonly string[],
): Promise<ReadonlySet<string>> {
  const ids = commandIds.filter(isStorable);
  if (ids.length === 0) return new Set();
  const rows = await runRows<{ commandId: string }>(database, knownCommandsSql, [ledgerId, ids]);
  return new Set(rows.map(({ commandId }) => commandId));
}
