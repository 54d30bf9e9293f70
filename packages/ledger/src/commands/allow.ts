import { LedgerError } from "@eventchain/core";
import type { Allowance, KnownActor } from "./types.ts";

/** Actors with at least one of these roles. Errors: LedgerError `config-invalid` for none. */
export function hasRole(...roles: readonly string[]): Allowance {
  if (roles.length === 0 || roles.some((role) => typeof role !== "string" || role === ""))
    throw new LedgerError("config-invalid", "hasRole takes the names of one or more roles");
  const describe = `role ${roles.join(" or ")}`;
  return allowance((actor) => roles.some((role) => actor.roles.includes(role)), describe);
}

/**
 * Actors with a claim. Without a value: one that is there, and neither null nor false. With a value: one that equals it,
 * or a list that holds it.
 */
export function hasClaim(name: string, value?: string | number | boolean): Allowance {
  if (typeof name !== "string" || name === "") throw new LedgerError("config-invalid", "hasClaim takes a claim's name");
  const describe = value === undefined ? `claim ${name}` : `claim ${name} = ${JSON.stringify(value)}`;
  return allowance((actor) => {
    const claim = Object.hasOwn(actor.claims, name) ? actor.claims[name] : undefined;
    if (value === undefined) return claim !== undefined && claim !== null && claim !== false;
    return claim === value || (Array.isArray(claim) && claim.includes(value));
  }, describe);
}

/** Actors that at least one of these allows. Errors: LedgerError `config-invalid` for none. */
export function anyOf(...allowances: readonly Allowance[]): Allowance {
  if (allowances.length === 0) throw new LedgerError("config-invalid", "anyOf takes one or more allowances");
  const describe = allowances.map((each) => each.describe).join(", or ");
  return allowance((actor) => {
    for (const each of allowances) {
      const allowed = each(actor);
      // What is neither true nor false, such as a promise, is for the command to refuse: it must not count as true here.
      if (allowed !== false) return allowed;
    }
    return false;
  }, describe);
}

function allowance(allows: (actor: KnownActor) => boolean, describe: string): Allowance {
  return Object.assign(allows, { describe });
}
