/** What is frozen to its depth. `Object.isFrozen` alone says nothing of what is within. */
const frozen = new WeakSet<object>();

/**
 * Freezes a value's plain objects and arrays, at any depth, and gives the value back. What an earlier call has frozen costs
 * nothing again. Whatever else is an object (a Map, a Set, a Date, one of a class) is left as it is, with what it holds.
 */
export function freezeDeep<T>(value: T): T {
  if (typeof value === "object" && value !== null) freezeObject(value);
  return value;
}

function freezeObject(value: object): void {
  // Most that is new is not frozen at all, and to ask that is cheaper.
  if ((Object.isFrozen(value) && frozen.has(value)) || !isPlain(value)) return;
  // First, as it may hold itself.
  frozen.add(value);
  Object.freeze(value);
  for (const member of Object.values(value)) if (typeof member === "object" && member !== null) freezeObject(member);
}

function isPlain(value: object): boolean {
  if (Array.isArray(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  // Object.prototype, of this realm or another, is the end of its chain.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
