import { LedgerError } from "@eventchain/core";
import type { AccessScope } from "@eventchain/store";
import { checkObject } from "../check-keys.ts";
import { knownActor } from "../commands/known-actor.ts";
import type {
  Actor,
  AnyCommand,
  CommandInput,
  CommandReceipt,
  ExecuteOptions,
  RejectionCode,
} from "../commands/types.ts";
import { type FindReceiptDeps, findReceipt } from "../find-receipt.ts";
import { type OpenReadsDeps, openReads } from "../open-reads.ts";
import type { LedgerOptions, LedgerView } from "../types.ts";
import { hideFailure } from "./hide-failure.ts";
import { maySeeCommand } from "./see-command.ts";

export type OpenViewDeps = OpenReadsDeps &
  FindReceiptDeps & {
    /** As `Ledger.execute`; the events of a conflict are those that the scope shows. */
    execute: <C extends AnyCommand>(
      command: C,
      input: CommandInput<C>,
      options: ExecuteOptions,
      scope: AccessScope,
    ) => Promise<CommandReceipt<RejectionCode<C>>>;
  };

/**
 * A ledger as one actor may see it. The access rule is asked now, once: a view is for one request, not for longer than
 * what the actor may see stays the same.
 * Errors: LedgerError `config-invalid` where the ledger was opened without `access`, or the rule gives nothing usable.
 */
export function openView(
  deps: OpenViewDeps,
  { access, rowSecurity = false }: Pick<LedgerOptions, "access" | "rowSecurity">,
  who: Actor | string,
): LedgerView {
  const actor = knownActor(who);
  if (access === undefined)
    throw new LedgerError(
      "config-invalid",
      `ledger ${deps.origin} was opened without access, which says who may see what: give it as an option of ledger()`,
    );
  const scope: AccessScope = { access: access.queryFor(actor), rowSecurity };
  const reading = { ledgerId: deps.ledgerId, store: deps.store, scope };
  return {
    ...openReads(deps, scope),
    actor,
    receipt: async (commandId) =>
      (await maySeeCommand(reading, actor, commandId)) ? findReceipt(deps, commandId) : undefined,
    execute: async (command, input, options = {}) => {
      checkObject(options, "execute options");
      if ("actor" in options)
        throw new LedgerError("invalid-argument", "a view's execute takes no actor: it acts for the view's own");
      try {
        return await deps.execute(command, input, { ...options, actor }, scope);
      } catch (error) {
        throw await hideFailure(reading, nameOf(command), error);
      }
    },
  };
}

/** What was given as a command may be anything. */
function nameOf(command: AnyCommand | undefined): string {
  const name: unknown = command?.name;
  return typeof name === "string" ? name : "without a name";
}
