import type { EventInput, Ledger } from "@eventchain/ledger";
import type { CommandContext } from "./context.ts";
import { findConfig, ledgerOptions } from "./load-config.ts";
import { loadOwn } from "./load-own.ts";

/** A ledger as its app opens it, where a config is at hand. */
export interface OwnLedger {
  readonly ledger: Pick<Ledger, "append">;
  /** An event as the app's definition of its type makes it: checked, with its tags. Errors: LedgerError `invalid-event`. */
  readonly make: (event: EventInput) => EventInput;
}

/**
 * Opens the ledger with what the config has for it, so that what is appended is checked as the app's own appends are, and
 * kept by its inline projections. Without a config: as it is.
 *
 * @throws LedgerError `config-invalid`, and those of opening a ledger
 */
export async function openOwnLedger(context: CommandContext): Promise<OwnLedger> {
  const path = await findConfig(context.settings);
  if (path === undefined) return { ledger: await context.ledger(), make: (event) => event };
  const origin = await context.origin();
  const { config, handlers } = await loadOwn(path, origin);
  const { projections, snapshots } = handlers;
  const { collectDefinitions } = await import("@eventchain/ledger");
  const options = { ...ledgerOptions(config), projections, snapshots };
  const definitions = collectDefinitions(options);
  const ledger = await (await context.connection()).ledger(origin, options);
  return {
    ledger,
    make: (event) => {
      const made = definitions.get(event.type)?.(event.data, { tags: event.tags ?? [] });
      return made === undefined ? event : { type: made.type, schema: made.schema, data: made.data, tags: made.tags };
    },
  };
}
