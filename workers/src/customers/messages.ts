import type { AppRole } from "../app/types.ts";
import type { LogLevel } from "../run/logger.ts";
import type { CustomerModule } from "./load-app.ts";

/** What a ledger's thread is started with. */
export interface ThreadData {
  /** The config's absolute path. */
  readonly configPath: string;
  readonly origin: string;
  readonly module: CustomerModule;
  readonly databaseUrl: string;
  readonly roles: readonly AppRole[];
  /** How often it says that it is alive. */
  readonly beatMs: number;
}

/** What a thread says. */
export type FromThread =
  | { readonly kind: "beat" }
  /** Its handlers are at work. */
  | { readonly kind: "started" }
  /** A line of its log. */
  | { readonly kind: "log"; readonly level: LogLevel; readonly event: string; readonly values: Record<string, unknown> }
  /** It goes on in spite of it. */
  | { readonly kind: "trouble"; readonly reason: string }
  /** It ends because of it. */
  | { readonly kind: "failed"; readonly reason: string };

/** What a thread is told: to finish what is at hand, and to end. */
export type ToThread = { readonly kind: "close" };
