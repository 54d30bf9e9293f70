import type { LedgerErrorCode } from "@eventchain/core";
import type { AppRole } from "../app/types.ts";
import type { LogLevel } from "../run/logger.ts";
import type { CustomerModule } from "./load-app.ts";

/** A ledger with a module of its own. */
export interface OwnLedger {
  readonly origin: string;
  readonly module: CustomerModule;
}

/** What a thread of handlers is started with. */
export interface ThreadData {
  /** The config's absolute path. */
  readonly configPath: string;
  /** The one ledger whose handlers it runs; undefined: it runs the common ones, on all ledgers without a module. */
  readonly own: OwnLedger | undefined;
  /** The origins that the common ones run on; undefined: whatever ledgers there are. */
  readonly ledgers: readonly string[] | undefined;
  readonly databaseUrl: string;
  /** At most. */
  readonly connections: number;
  readonly roles: readonly AppRole[];
  /** How often it says that it is alive. */
  readonly beatMs: number;
}

/** What a thread says. */
export type FromThread =
  | { readonly kind: "beat" }
  /** Its handlers are at work; the config names these ledgers with a module. */
  | { readonly kind: "started"; readonly modules: readonly OwnLedger[] }
  /** A line of its log. */
  | { readonly kind: "log"; readonly level: LogLevel; readonly event: string; readonly values: Record<string, unknown> }
  /** It goes on in spite of it; `origin` where it is one ledger's. */
  | { readonly kind: "trouble"; readonly reason: string; readonly origin: string | undefined }
  /** It ends because of it; a LedgerError's code where it is one. */
  | {
      readonly kind: "failed";
      readonly reason: string;
      readonly code?: LedgerErrorCode | undefined;
      readonly retryable?: boolean | undefined;
    };

/** What a thread is told: to finish what is at hand, and to end. */
export type ToThread = { readonly kind: "close" };
