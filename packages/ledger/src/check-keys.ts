import { LedgerError } from "@eventchain/core";

/** Refuses what is not an object, and keys that are not known: a misspelt option must not go unnoticed. */
export function checkKeys(value: unknown, known: readonly string[], what: string): void {
  checkObject(value, what);
  for (const key of Object.keys(value)) {
    if (!known.includes(key))
      throw new LedgerError("invalid-argument", `${what} has no key ${JSON.stringify(key)}: use ${known.join(", ")}`, {
        values: { key },
      });
  }
}

/** Refuses what is not an object (an array is none here). */
export function checkObject(value: unknown, what: string): asserts value is Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return;
  const found =
    value === undefined ? "missing" : value === null ? "null" : Array.isArray(value) ? "an array" : `a ${typeof value}`;
  throw new LedgerError("invalid-argument", `${what} is ${found}: give an object`, { values: { what } });
}

/** Refuses what would lose something as a set of keys: a Map, a Date, an object of a class. */
export function checkPlainObject(value: unknown, what: string): asserts value is Record<string, unknown> {
  checkObject(value, what);
  if (isPlainObject(value)) return;
  throw new LedgerError("invalid-value", `${what} is not a plain object: give one`, { values: { what } });
}

/** An object that is a set of keys and no more (an array is none). */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  // Object.prototype, of this realm or another, is the end of its chain.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** Runs a check; a LedgerError of it comes out with the place where it happened put before its message. */
export function within<T>(
  where: string | (() => string),
  values: Readonly<Record<string, unknown>>,
  check: () => T,
): T {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    const place = typeof where === "string" ? where : where();
    throw new LedgerError(error.code, `${place}: ${error.message}`, {
      values: { ...error.values, ...values },
      cause: error,
      retryable: error.retryable,
    });
  }
}
