import { LedgerError, type LedgerErrorCode } from "@eventchain/core";

const MEANINGS: Readonly<Record<string, readonly [LedgerErrorCode, string]>> = {
  "28": ["database-refused", "Postgres does not accept this user or password"],
  "3D": ["database-refused", "there is no such database"],
  "3F": ["not-migrated", "there is no eventchain schema here: run eventchain migrate"],
  "42501": ["database-refused", "this user may not read all that a verifier needs"],
  "42P01": ["not-migrated", "a table is missing: run eventchain migrate"],
  "42703": ["not-migrated", "a column is missing: run eventchain migrate"],
  "08": ["database-unavailable", "the connection to Postgres was lost"],
  "53": ["database-unavailable", "Postgres is out of a resource"],
  "57P": ["database-unavailable", "Postgres is stopping or starting"],
  "57014": ["timeout", "Postgres cancelled a query"],
};

/** The system's codes, and of Node's own those of a connection: the others are of a call that was wrong. */
const NETWORK_CODES = /^(?:(?!ERR_)E[A-Z_]{3,}|ERR_(?:SSL|TLS|SOCKET|STREAM)_[A-Z_]+)$/;

/** What a driver's error means to whoever verifies. Never holds a connection string. */
export function mapError(error: unknown): LedgerError {
  if (error instanceof LedgerError) return error;
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  const state = typeof code === "string" ? code : "";
  if (state === "ERR_INVALID_URL") return new LedgerError("config-invalid", "this is not a database URL");
  const network = NETWORK_CODES.test(state) || /connection terminated|timeout exceeded/i.test(String(message));
  if (network) return unavailable(`Postgres cannot be reached${state === "" ? "" : ` (${state})`}`, error);
  const [meaning, words] = MEANINGS[state] ?? MEANINGS[state.slice(0, 3)] ?? MEANINGS[state.slice(0, 2)] ?? [];
  if (meaning === undefined || words === undefined) {
    return new LedgerError("database-failed", `Postgres refused to answer: ${mask(String(message))}`, { cause: error });
  }
  return new LedgerError(meaning, `${words}: ${mask(String(message))}`, { cause: error, values: { sqlState: state } });
}

function unavailable(message: string, cause: unknown): LedgerError {
  return new LedgerError("database-unavailable", message, { cause });
}

function mask(text: string): string {
  return text.replaceAll(/(:\/\/[^\s:/@]*):[^\s@]*@/g, "$1:***@");
}
