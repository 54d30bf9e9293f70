import { LedgerError, type LedgerErrorCode } from "@eventchain/core";

interface DriverError {
  code?: unknown;
  message?: unknown;
  errors?: unknown;
  hint?: unknown;
}

interface Meaning {
  code: LedgerErrorCode;
  message: string;
  retryable: boolean;
}

const unavailable = (message: string): Meaning => ({ code: "database-unavailable", message, retryable: true });
const refused = (message: string): Meaning => ({ code: "database-refused", message, retryable: false });

/** What SQLSTATEs, or the first letters of them, mean to a caller. The longest match counts. */
const meanings: Readonly<Record<string, Meaning>> = {
  "08": unavailable("the connection to Postgres was lost"),
  "28": refused("Postgres does not accept this user or password"),
  "3D000": refused("this database does not exist"),
  "3F000": {
    code: "not-migrated",
    message: "this database has no eventchain schema: run eventchain migrate",
    retryable: false,
  },
  "42P01": { code: "not-migrated", message: "a table is missing: run eventchain migrate", retryable: false },
  "42883": { code: "not-migrated", message: "a function is missing: run eventchain migrate", retryable: false },
  "42501": refused("this database user lacks a privilege"),
  "53": unavailable("Postgres is out of a resource"),
  "57P": unavailable("Postgres is stopping or starting"),
  "57014": { code: "timeout", message: "the statement was cancelled or took too long", retryable: true },
  "55P03": { code: "timeout", message: "a lock was not to be had in time", retryable: true },
  "25P03": { code: "timeout", message: "the transaction was idle for too long", retryable: true },
  "25P04": { code: "timeout", message: "the transaction took too long", retryable: true },
  "25006": {
    code: "database-unavailable",
    message: "this server only reads: a standby, or one that is failing over",
    retryable: true,
  },
  "40": { code: "database-failed", message: "the transaction met another one", retryable: true },
};

/** Codes of node:net and node:dns: no SQLSTATE has this form. */
const networkCodes = /^E[A-Z_]{3,}$/;
/** What the driver itself says, without a code. */
const driverWords =
  /connection terminated|timeout exceeded when trying to connect|client has encountered a connection error|query read timeout|not queryable/i;

function sqlState(code: unknown): string | undefined {
  return typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) && !networkCodes.test(code) ? code : undefined;
}

function meaningOf(error: DriverError): Meaning {
  const state = sqlState(error.code);
  if (state !== undefined) {
    const known = [5, 3, 2].map((length) => meanings[state.slice(0, length)]).find((found) => found !== undefined);
    return known ?? { code: "database-failed", message: "Postgres refused the statement", retryable: false };
  }
  const code = String(error.code ?? "");
  if (code === "ERR_INVALID_URL")
    return { code: "config-invalid", message: "this is not a database URL", retryable: false };
  if (networkCodes.test(code)) return unavailable(`Postgres cannot be reached (${code})`);
  if (driverWords.test(String(error.message))) return unavailable("the connection to Postgres was lost");
  return { code: "database-failed", message: "the database driver failed", retryable: false };
}

/** The text without the password of any URL in it. */
export function maskPassword(text: string): string {
  return text.replace(/([a-z][a-z0-9+.-]*:\/\/[^\s:/@]*):\S*@/gi, "$1:***@").replace(/(password=)[^\s&;]+/gi, "$1***");
}

/** Whether an append may have happened although its call failed: the connection went away while it ran. */
export function isConnectionLoss(error: unknown): boolean {
  return mapDatabaseError(error).code === "database-unavailable";
}

/**
 * What went wrong, as a LedgerError: `database-unavailable` (retryable), `timeout` (retryable), `database-refused`,
 * `database-failed`, `not-migrated`, `config-invalid`. Values: `sqlState` where the server answered. No password.
 * A LedgerError is returned as it is.
 */
export function mapDatabaseError(error: unknown): LedgerError {
  if (error instanceof LedgerError) return error;
  const failure: DriverError = typeof error === "object" && error !== null ? error : { message: String(error) };
  // node tries every address of a name; the first failure tells enough.
  const nested = failure.errors;
  if (Array.isArray(nested) && nested.length > 0 && sqlState(failure.code) === undefined)
    return mapDatabaseError(nested[0]);
  const meaning = meaningOf(failure);
  const said = maskPassword(String(failure.message ?? ""));
  const state = sqlState(failure.code);
  const message = said === "" ? meaning.message : `${meaning.message}: ${said}`;
  return new LedgerError(meaning.code, message, {
    // The error about a bad URL carries the URL, password and all.
    ...(meaning.code === "config-invalid" ? {} : { cause: error }),
    retryable: meaning.retryable,
    values: state === undefined ? {} : { sqlState: state },
  });
}
