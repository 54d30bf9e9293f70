import { LedgerError } from "@eventchain/core";

export type LogLevel = "info" | "warn" | "error";

/** Takes one structured line: a stable event name and plain values, `bigint` included. Never a secret. */
export type Logger = (level: LogLevel, event: string, values?: Readonly<Record<string, unknown>>) => void;

/** An error's values for a log line. */
export function errorValues(error: unknown): Record<string, unknown> {
  if (error instanceof LedgerError) return error.toJSON();
  return { code: "unexpected", message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}

/** One JSON object, without a line break; `bigint` in decimal. */
export function formatLine(
  time: string,
  level: LogLevel,
  event: string,
  values: Readonly<Record<string, unknown>>,
): string {
  return JSON.stringify({ time, level, event, ...values }, (_key, value: unknown) =>
    typeof value === "bigint" ? value.toString() : value,
  );
}

/** How long a standing trouble is not said again. */
const REPEAT_MS = 60_000;

/**
 * Says a trouble when it begins, when it changes and once a minute; stages look every second. `over` says that it ended.
 */
export class Troubles {
  readonly #logger: Logger;
  readonly #nowMs: () => number;
  readonly #standing = new Map<string, { message: string; saidMs: number }>();

  constructor(logger: Logger, nowMs: () => number) {
    this.#logger = logger;
    this.#nowMs = nowMs;
  }

  note(key: string, event: string, error: unknown, values: Record<string, unknown> = {}): void {
    const said = errorValues(error);
    const message = String(said.message);
    const before = this.#standing.get(key);
    const now = this.#nowMs();
    if (before?.message === message && now - before.saidMs < REPEAT_MS) return;
    this.#standing.set(key, { message, saidMs: now });
    const retryable = error instanceof LedgerError && error.retryable;
    this.#logger(retryable ? "warn" : "error", event, { ...values, ...said });
  }

  over(key: string, event: string, values: Record<string, unknown> = {}): void {
    if (this.#standing.delete(key)) this.#logger("info", event, values);
  }
}
