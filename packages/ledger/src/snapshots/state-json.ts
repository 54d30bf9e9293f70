import { canonicalJson, formatPath, LedgerError } from "@eventchain/core";
import { isPlainObject } from "../check-keys.ts";
import { freezeDeep } from "../events/freeze-deep.ts";

/** The most that a state may be as JSON: what the store takes. */
const LIMITS = { maxBytes: 16_777_216 } as const;

/**
 * A state's JCS text, from which `parseState` makes an equal one.
 * Errors: LedgerError `invalid-value`, `too-large`, with the path of what has no JSON form of its own: a Map, a Date, an object
 * of a class, undefined (leave the key out, or use null).
 */
export function stateJson(state: unknown): string {
  checkPlain(state, []);
  return canonicalJson(state, LIMITS);
}

/** The state that a text of `stateJson` is of, frozen as a model's states are. */
export function parseState(text: string): unknown {
  return freezeDeep(JSON.parse(text) as unknown);
}

/** What `canonicalJson` would write as something else: what has a `toJSON`, and undefined, which it leaves out. */
function checkPlain(value: unknown, path: (string | number)[]): void {
  if (value === undefined) throw unplain(path, "is undefined: leave the key out, or use null");
  if (typeof value !== "object" || value === null) return;
  const entries = Array.isArray(value) ? value.entries() : isPlainObject(value) ? Object.entries(value) : undefined;
  if (entries === undefined || typeof (value as { toJSON?: unknown }).toJSON === "function")
    throw unplain(path, "is neither a plain object nor an array");
  // Nesting has a limit of its own, and what holds itself is found by it.
  if (path.length > 64) return;
  for (const [key, member] of entries) {
    path.push(key);
    checkPlain(member, path);
    path.pop();
  }
}

function unplain(steps: readonly (string | number)[], problem: string): LedgerError {
  const path = formatPath(steps);
  return new LedgerError("invalid-value", `${path} ${problem}`, { values: { path } });
}
