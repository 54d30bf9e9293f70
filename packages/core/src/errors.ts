import { bytesToHex } from "./encode-bytes.ts";

/** Every way in which an operation can fail; stable, so that callers and scripts may switch on it. */
export type LedgerErrorCode =
  | "invalid-value"
  | "invalid-json"
  | "invalid-argument"
  | "invalid-name"
  | "invalid-input"
  | "invalid-event"
  | "upcast-failed"
  | "unknown-event"
  | "schema-changed"
  | "decision-failed"
  | "too-large"
  | "conflict"
  | "command-id-reused"
  | "ledger-not-found"
  | "ledger-exists"
  | "ledger-halted"
  | "not-found"
  | "not-sealed"
  | "not-final"
  | "timeout"
  | "aborted"
  | "database-unavailable"
  | "database-failed"
  | "database-refused"
  | "chain-unavailable"
  | "chain-reverted"
  | "chain-mismatch"
  | "queue-unavailable"
  | "tampered"
  | "guard-mismatch"
  | "bad-note"
  | "bad-checkpoint"
  | "bad-bundle"
  | "bad-trust-root"
  | "bad-key"
  | "config-invalid"
  | "unsupported-format"
  | "not-migrated"
  | "stack-failed"
  | "not-supported"
  | "forked"
  | "projection-failed"
  | "projection-stopped"
  | "reaction-failed"
  | "delivery-failed";

/** What an error may carry beside its code and message. */
export interface LedgerErrorOptions {
  /** The offending values, for programs: plain data, `bigint` and bytes included; never a secret. */
  values?: Readonly<Record<string, unknown>>;
  /** The error underneath, when there is one. */
  cause?: unknown;
  /** Whether the same call may succeed later without a change. Default: true for the `*-unavailable` codes only. */
  retryable?: boolean;
}

/** An operation that failed for a reason that a caller can name: a stable `code`, the values at fault, and a cause. */
export class LedgerError extends Error {
  override readonly name: string = "LedgerError";
  readonly code: LedgerErrorCode;
  readonly values: Readonly<Record<string, unknown>>;
  readonly retryable: boolean;

  constructor(code: LedgerErrorCode, message: string, options: LedgerErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.values = options.values ?? {};
    this.retryable = options.retryable ?? code.endsWith("-unavailable");
  }

  /** `{ code, message, …values }` as the command line prints it: `bigint` in decimal, bytes in hex, dates in ISO 8601. */
  toJSON(): { code: LedgerErrorCode; message: string; [value: string]: unknown } {
    const values = plainValue(this.values) as Record<string, unknown>;
    const { code, message } = this;
    // Code and message come first, and no value takes their place.
    return Object.assign({ code, message }, values, { code, message });
  }
}

/**
 * What was decided on is not so any more: code `conflict`. Of an append whose expectation does not hold, values `stream`,
 * `expected`, `actual`; of a command that lost each of its attempts, `command`, `attempts`, `after` (the position that it
 * was decided on last), `events`: those in the way, of which a view tells those that its actor may see; each with position,
 * type, stream and id.
 */
export class ConflictError extends LedgerError {
  override readonly name: string = "ConflictError";
}

function plainValue(value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Uint8Array) return bytesToHex(value);
  if (Array.isArray(value)) return value.map(plainValue);
  if (typeof value !== "object" || value === null || "toJSON" in value) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plainValue(item)]));
}
