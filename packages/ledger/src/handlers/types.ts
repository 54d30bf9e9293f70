import type { LedgerOptions } from "../types.ts";

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

/**
 * How a handler stands. `off`: switched off. `stopped`: a projection that failed, and waits for `retry` or a newer version.
 * `failing`: it goes on, or is started again, with the trouble that `reason` names.
 */
export interface HandlerStatus {
  /** Of a ledger's own module: `module:<module>`; of what runs the common handlers: `module:<config>`. */
  readonly name: string;
  /** Null where only a switch is known: of snapshots, or of a handler that did not run here yet, or not any more. */
  readonly kind: HandlerKind | "module" | null;
  readonly state: "on" | "off" | "stopped" | "failing";
  /** One line; null where it is on. */
  readonly reason: string | null;
  /** How it was switched last; null: never. */
  readonly switched: HandlerSwitch | null;
}

/** How a handler is to be switched. */
export interface SwitchOptions {
  /** Who switches it, 1 to 512 bytes of UTF-8: said by the event's data. */
  readonly by: string;
  /** Why: the event's `metadata.reason`. */
  readonly reason?: string | undefined;
  /**
   * Of a reaction that is off: leaves out what was appended meanwhile. Its cursor is moved to the head before it is on; the
   * event's `metadata.skipped` says from where to where, `{ after, to }` in decimal. Default false: it makes up for all.
   */
  readonly fromNow?: boolean | undefined;
  /** Also a name that neither the ledger nor the database knows. Default false: it is refused as misspelt. */
  readonly anyName?: boolean | undefined;
}

/** What `switchHandler` did. */
export interface SwitchReceipt {
  readonly handler: string;
  readonly enabled: boolean;
  /** False: it was so already, and nothing was recorded. */
  readonly switched: boolean;
  /** The `$HandlerSwitched` event that made it so; null where it was never switched, and so is on. */
  readonly last: HandlerSwitch | null;
}

/** The handlers of a ledger. */
export type HandlerDefinitions = Pick<LedgerOptions, "projections" | "reactions" | "snapshots" | "models">;

/** What one customer has of its own. A handler of a common one's name stands instead of it. */
export interface CustomerConfig extends HandlerDefinitions, Pick<LedgerOptions, "events" | "commands"> {
  /** Names of common handlers that this ledger does without. */
  readonly without?: readonly string[] | undefined;
}

/** What `eventchain.config.ts` says. */
export interface AppConfig extends LedgerOptions {
  /**
   * By origin: the module that one ledger's own handlers are loaded from, as `import` takes it from beside the config file.
   * It exports a `CustomerConfig`, by default or by names; it runs in a thread of its own.
   */
  readonly ledgers?: Readonly<Record<string, { readonly module: string }>> | undefined;
}
