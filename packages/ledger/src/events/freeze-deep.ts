import { isPlainObject } from "../check-keys.ts";

/**
 * What was frozen already when it was met, and is frozen to its depth: `Object.isFrozen` says nothing of what is within.
 * What is met once only, as most states are, never gets here: so many entries would cost more than all else.
 */
const known = new WeakSet<object>();

/**
 * Freezes a value's plain objects and arrays, at any depth, and gives the value back. Whatever else is an object (a Map,
 * a Set, a Date, one of a class) is left as it is, with what it holds.
 * @param before what this was given before: what the value has kept of it, under the same keys, is not looked at again.
 */
export function freezeDeep<T>(value: T, before?: unknown): T {
  if (isObject(value)) freezeObject(value, before);
  return value;
}

function freezeObject(value: object, before: unknown): void {
  if (known.has(value) || !(Array.isArray(value) || isPlainObject(value))) return;
  if (Object.isFrozen(value)) {
    if (value === before) return;
    // First, as it may hold itself.
    known.add(value);
  } else Object.freeze(value);
  const old = isObject(before) && Object.isFrozen(before) ? before : undefined;
  if (Array.isArray(value)) for (let index = 0; index < value.length; index++) freezeMember(value, index, old);
  else for (const key of Object.keys(value)) freezeMember(value, key, old);
}

function freezeMember(value: object, key: string | number, old: object | undefined): void {
  const member = (value as Record<string | number, unknown>)[key];
  if (!isObject(member)) return;
  const kept = (old as Record<string | number, unknown> | undefined)?.[key];
  if (member !== kept) freezeObject(member, kept);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
