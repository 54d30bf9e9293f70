import { checkName, LedgerError } from "@eventchain/core";
import { checkKeys, checkPlainObject } from "../check-keys.ts";
import type { Actor, KnownActor } from "./types.ts";

/**
 * An actor with nothing left out, frozen; a text is an actor's id.
 * Errors: LedgerError `invalid-argument`, `invalid-name`: names the key, never a claim's value.
 */
export function knownActor(actor: Actor | string): KnownActor {
  const given: Actor = typeof actor === "string" ? { id: actor } : actor;
  checkKeys(given, ["id", "roles", "claims"], "actor");
  const { id, roles = [], claims = {} } = given;
  if (typeof id !== "string" || id === "")
    throw new LedgerError("invalid-argument", "an actor's id is not a text of at least one character");
  // The same bounds as of a command's id: it is kept in a column beside one.
  checkName("commandId", id);
  if (!Array.isArray(roles) || !roles.every((role) => typeof role === "string"))
    throw new LedgerError("invalid-argument", "an actor's roles are not a list of texts");
  checkPlainObject(claims, "actor's claims");
  return Object.freeze({ id, roles: Object.freeze([...roles]), claims: Object.freeze({ ...claims }) });
}
