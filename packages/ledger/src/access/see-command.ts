import { checkName } from "@eventchain/core";
import type { CommandRecord } from "@eventchain/store";
import type { KnownActor } from "../commands/types.ts";
import type { ReadDeps } from "../read-events.ts";

/**
 * Whether an actor may know what became of a command id: who issued it may, and who sees every event that it recorded. A
 * rejection records none that would show it to others. Errors: LedgerError `invalid-name`.
 */
export async function maySeeCommand(
  deps: ReadDeps<"findCommand" | "count">,
  actor: KnownActor,
  commandId: string,
): Promise<boolean> {
  checkName("commandId", commandId);
  const command = await deps.store.findCommand(deps.ledgerId, commandId);
  if (command === undefined) return false;
  return command.actor === actor.id || seesAllEvents(deps, command);
}

async function seesAllEvents({ store, ledgerId, scope }: ReadDeps<"count">, command: CommandRecord): Promise<boolean> {
  const { outcome, firstPosition, lastPosition } = command;
  if (outcome !== "recorded" || firstPosition === null || lastPosition === null) return false;
  // One command's events stand side by side.
  const seen = await store.count(ledgerId, { after: firstPosition - 1n, to: lastPosition, ...scope });
  return seen === lastPosition - firstPosition + 1n;
}
