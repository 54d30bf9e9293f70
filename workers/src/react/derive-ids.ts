import { bytesToHex, canonicalJson, sha256, utf8 } from "@eventchain/core";

/** Which run is meant, however often it is made. */
export interface RunKey {
  readonly origin: string;
  readonly reaction: string;
  readonly eventId: string;
  /** `on:<type>`, `timeout:<type>` or `any`. */
  readonly handler: string;
}

/** What tells a command of a run from its others: a key, or how many commands without one it issued before it. */
export type CommandKey = { readonly key: string } | { readonly count: number };

/** What a run gives to whatever it calls outside: 64 hex digits, SHA-256 over the JCS of `[origin, reaction, event, handler]`. */
export function idempotencyKeyOf({ origin, reaction, eventId, handler }: RunKey): string {
  return hashOf([origin, reaction, eventId, handler]);
}

/**
 * The command id of a run's command: `reaction:` and 64 hex digits, SHA-256 over the JCS of `[origin, reaction, event,
 * handler, "key" or "count", key or count]`.
 */
export function commandIdOf({ origin, reaction, eventId, handler }: RunKey, by: CommandKey): string {
  const own = "key" in by ? ["key", by.key] : ["count", by.count];
  return `reaction:${hashOf([origin, reaction, eventId, handler, ...own])}`;
}

function hashOf(parts: readonly (string | number)[]): string {
  return bytesToHex(sha256(utf8(canonicalJson(parts))));
}
