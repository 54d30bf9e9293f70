import { ConflictError, type LedgerError } from "@eventchain/core";
import type { AccessScope, EventStore } from "@eventchain/store";
import { commandIdReused, refusalError } from "../append-events.ts";
import { type FindReceiptDeps, findReceipt } from "../find-receipt.ts";
import { makeReceipt, receiptEvents } from "../make-receipt.ts";
import type { RequiredKey } from "../types.ts";
import type { CommandRules, Commands } from "./open-commands.ts";
import type { CommandOutcome } from "./settle-chain.ts";
import { type CommandCall, checkCall } from "./start-execution.ts";
import type { AnyCommand, CommandReceipt, ExecuteOptions } from "./types.ts";

export interface ExecuteDeps extends FindReceiptDeps {
  store: FindReceiptDeps["store"] & Pick<EventStore, "findEvent">;
  commands: Commands;
  rules: CommandRules;
  required: readonly RequiredKey[];
  newCommandId: () => string;
}

/**
 * Executes a command. Errors: as `Ledger.execute` says.
 * @param scope which of the events that are in its way are told.
 */
export async function executeCommand(
  deps: ExecuteDeps,
  command: AnyCommand,
  input: unknown,
  options: ExecuteOptions,
  scope: AccessScope,
): Promise<CommandReceipt> {
  const call = checkCall(command, input, options, { required: deps.required, newId: deps.newCommandId });
  const outcome = await deps.commands.run(deps.ledgerId, call, deps.rules);
  return receiptOf(deps, call, outcome, scope);
}

async function receiptOf(
  deps: ExecuteDeps,
  { commandId, command }: CommandCall,
  outcome: CommandOutcome,
  scope: AccessScope,
): Promise<CommandReceipt> {
  switch (outcome.kind) {
    case "recorded": {
      const types = outcome.request.events.map(({ type }) => type);
      const events = receiptEvents(outcome.outcome.events, types);
      return makeReceipt(deps, { commandId, command: command.name, events }) as CommandReceipt;
    }
    case "rejected": {
      const { code, reason } = outcome;
      return { id: commandId, status: "rejected", commandId, command: command.name, code, reason };
    }
    case "known": {
      const receipt = await findReceipt(deps, commandId);
      if (receipt === undefined) throw new Error("a command that was recorded is not there any more");
      return receipt as CommandReceipt;
    }
    case "reused":
      throw commandIdReused(commandId);
    case "refused":
      throw refusalError(outcome.outcome, { command: command.name });
    case "conflict":
      throw await conflictError(deps, command.name, outcome, scope);
  }
}

async function conflictError(
  { store, ledgerId }: Pick<ExecuteDeps, "store" | "ledgerId">,
  command: string,
  { attempts, after, positions }: Extract<CommandOutcome, { kind: "conflict" }>,
  scope: AccessScope,
): Promise<LedgerError> {
  const found = await Promise.all(positions.map((position) => store.findEvent(ledgerId, { position }, scope)));
  const events = found.flatMap((event) => {
    if (event === undefined) return [];
    const { position, type, stream, id } = event;
    return [{ position, type, stream, id }];
  });
  const times = attempts === 1 ? "once, and" : `${attempts} times, and each time`;
  return new ConflictError(
    "conflict",
    `command ${command} was decided ${times} what it depends on had changed before it was recorded: send it again, or raise maxAttempts`,
    { values: { command, attempts, after, events }, retryable: true },
  );
}
