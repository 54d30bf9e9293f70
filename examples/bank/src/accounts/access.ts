import { defineAccess } from "@eventchain/ledger";

/** A teller sees the whole bank; anybody else the accounts that the claim `accounts` lists, so nobody else's bookings. */
export const access = defineAccess((actor) => {
  if (actor.roles.includes("teller")) return "all";
  const accounts = Array.isArray(actor.claims.accounts) ? actor.claims.accounts : [];
  return accounts.map((id) => ({ tags: [`account:${id}`] }));
});
