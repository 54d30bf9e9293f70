/** `failing`: it goes on in spite of it. `failed`: it was ended by it, and is started again. */
export type TroubleState = "failing" | "failed";

/** What keeps a ledger's handlers from their work, where no projection or task has it for itself. */
export interface TroubleRow {
  /** `module:<module>`: all that a ledger's own module brought; `module:<config>`: all common handlers. `snapshots:…`: a rule. */
  handler: string;
  state: TroubleState;
  /** At most 1,000 characters. */
  reason: string;
  /** Since when there is one, and when it was seen last: microseconds since 1970-01-01 UTC. */
  sinceMicros: bigint;
  atMicros: bigint;
}

/** Any call may throw a `LedgerError`: `database-unavailable`, `database-failed` … */
export interface TroubleStore {
  /** Keeps the newest reason, of one ledger or of several. Nothing where there is no ledger of this origin. */
  note(origins: string | readonly string[], handler: string, state: TroubleState, reason: string): Promise<void>;
  clear(origins: string | readonly string[], handler: string): Promise<void>;
  /** By the handlers' names. */
  list(ledgerId: bigint): Promise<TroubleRow[]>;
}
