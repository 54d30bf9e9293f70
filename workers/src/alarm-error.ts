import { LedgerError, type LedgerErrorCode } from "@eventchain/core";
import type { AlarmCode, LogStore } from "@eventchain/store";

/** An error that people must look at: it raises an alarm, and may halt the ledger. */
export class AlarmError extends LedgerError {
  override readonly name: string = "AlarmError";
  readonly alarm: AlarmCode;
  /** Appends stop too, until `recover`. */
  readonly halts: boolean;

  constructor(
    code: LedgerErrorCode,
    message: string,
    options: { alarm: AlarmCode; halts?: boolean; values?: Record<string, unknown>; cause?: unknown },
  ) {
    super(code, message, { values: options.values ?? {}, cause: options.cause, retryable: false });
    this.alarm = options.alarm;
    this.halts = options.halts ?? false;
  }
}

/** What is not what was stored: an event, a tile, a checkpoint. */
export function tampered(message: string, values: Record<string, unknown>, cause?: unknown): AlarmError {
  return new AlarmError("tampered", message, { alarm: "tampered", values, cause });
}

/**
 * Raises the alarm that an error asks for; any other error is left alone. True where it was not standing yet, so that
 * a caller logs it once.
 */
export async function raiseAlarm(
  log: Pick<LogStore, "raiseAlarm" | "halt">,
  ledgerId: bigint,
  error: unknown,
): Promise<boolean> {
  if (error instanceof AlarmError && error.halts) {
    await log.halt(ledgerId, error.alarm, error.message);
    return true;
  }
  if (error instanceof AlarmError) return log.raiseAlarm(ledgerId, error.alarm, error.message);
  // The log's own code finds out of a tile that is missing or cut off.
  if (error instanceof LedgerError && error.code === "tampered") {
    return log.raiseAlarm(ledgerId, "tampered", error.message);
  }
  // The guard's own: an entry that is damaged. One that another sealer wrote in between is compared by the next look.
  if (error instanceof LedgerError && error.code === "guard-mismatch" && !error.retryable) {
    return log.raiseAlarm(ledgerId, "guard-missing", error.message);
  }
  return false;
}
