import { LedgerError, MAX_NAME_BYTES, utf8 } from "@eventchain/core";
import { checkKeys, checkPlainObject } from "../check-keys.ts";
import type { Actor, KnownActor } from "./types.ts";

/** An actor with nothing left out, as a copy. Errors: LedgerError `invalid-argument`. */
export function knownActor(actor: Actor | string): KnownActor {
  if (typeof actor === "string") return knownActor({ id: actor });
  checkKeys(actor, ["id", "roles", "claims"], "actor");
  const { id, roles = [], claims = {} } = actor;
  if (!isText(id) || utf8(id).length > MAX_NAME_BYTES)
    throw new LedgerError("invalid-argument", `actor's id is not a text of 1 to ${MAX_NAME_BYTES} bytes of UTF-8`);
  if (!Array.isArray(roles) || !roles.every((role) => typeof role === "string"))
    throw new LedgerError("invalid-argument", "actor's roles are not a list of texts", { values: { actor: id } });
  checkPlainObject(claims, "actor's claims");
  return Object.freeze({ id, roles: Object.freeze([...roles]), claims: Object.freeze({ ...claims }) });
}

/** A text that the database can keep, of one character at least. */
export function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.isWellFormed() && !value.includes("\0");
}
