import { LedgerError, MAX_NAME_BYTES, utf8 } from "@eventchain/core";
import { checkKeys, checkPlainObject, isPlainObject } from "../check-keys.ts";
import { freezeDeep } from "../events/freeze-deep.ts";
import type { Actor, KnownActor } from "./types.ts";

/**
 * An actor with nothing left out, as a frozen copy: what its caller changes later is not seen. Of the claims, plain objects
 * and lists are copied at any depth; what is neither (a function, a Date, an object of a class) is kept as it is.
 * Errors: LedgerError `invalid-argument`.
 */
export function knownActor(actor: Actor | string): KnownActor {
  if (typeof actor === "string") return knownActor({ id: actor });
  checkKeys(actor, ["id", "roles", "claims"], "actor");
  const { id, roles = [], claims = {} } = actor;
  if (!isText(id) || utf8(id).length > MAX_NAME_BYTES)
    throw new LedgerError("invalid-argument", `actor's id is not a text of 1 to ${MAX_NAME_BYTES} bytes of UTF-8`);
  if (!Array.isArray(roles) || !roles.every((role) => typeof role === "string"))
    throw new LedgerError("invalid-argument", "actor's roles are not a list of texts", { values: { actor: id } });
  checkPlainObject(claims, "actor's claims");
  return Object.freeze({ id, roles: Object.freeze([...roles]), claims: freezeDeep(copyPlain(claims)) });
}

/** `copies`: those made so far, as an object may stand in several places, or hold itself. */
function copyPlain<T>(value: T, copies = new Map<unknown, unknown>()): T {
  if (copies.has(value)) return copies.get(value) as T;
  if (Array.isArray(value)) {
    const list: unknown[] = [];
    copies.set(value, list);
    for (const each of value) list.push(copyPlain(each, copies));
    return list as T;
  }
  if (!isPlainObject(value)) return value;
  const copy: Record<string, unknown> = {};
  copies.set(value, copy);
  // "__proto__" is a key like any other.
  for (const [key, each] of Object.entries(value))
    Object.defineProperty(copy, key, {
      value: copyPlain(each, copies),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  return copy as T;
}

/** A text that the database can keep, of one character at least. */
export function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.isWellFormed() && !value.includes("\0");
}
