import type { AnyReaction } from "../reactions/types.ts";
import type { Definitions, LedgerOptions } from "../types.ts";

/** What runs because of events, by its name: a projection, a reaction, a route, snapshots. */
export type HandlerKind = "projection" | "reaction" | "snapshots";

/** How a handler is switched. */
export interface HandlerSwitch {
  readonly handler: string;
  readonly enabled: boolean;
  /** Who switched it last. */
  readonly by: string;
  /** Of the `$HandlerSwitched` event. */
  readonly position: bigint;
  readonly atMicros: bigint;
}

/** The handlers of a ledger. */
export interface HandlerDefinitions extends Pick<LedgerOptions, "projections" | "snapshots" | "models"> {
  /** Run by a worker. */
  readonly reactions?: Definitions<AnyReaction> | undefined;
}

/** What one customer has of its own. A handler of a common one's name stands instead of it. */
export interface CustomerConfig extends HandlerDefinitions, Pick<LedgerOptions, "events" | "commands"> {
  /** Names of common handlers that this ledger does without. */
  readonly without?: readonly string[] | undefined;
}

/** What `eventchain.config.ts` says. */
export interface AppConfig extends LedgerOptions, HandlerDefinitions {
  /**
   * By origin: the module that one ledger's own handlers are loaded from, as `import` takes it from beside the config file.
   * It exports a `CustomerConfig`, by default or by names; it runs in a thread of its own.
   */
  readonly ledgers?: Readonly<Record<string, { readonly module: string }>> | undefined;
}
