import { LedgerError } from "@eventchain/core";
import type { LedgerEvent } from "@eventchain/ledger";
import type { DeliveryContext, Target } from "./types.ts";

/** Hands events to a function, in the worker's process. What it throws is tried again. */
export function callback(
  deliver: (event: LedgerEvent, context: DeliveryContext) => Promise<void> | void,
  options: { readonly describe?: string | undefined } = {},
): Target {
  if (typeof deliver !== "function") throw new LedgerError("config-invalid", "callback takes a function");
  return {
    describe: options.describe ?? "a callback",
    deliver: async (event, context) => deliver(event, context),
  };
}
