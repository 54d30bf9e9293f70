import { defineAccess } from "@eventchain/ledger";
import { productsOf } from "./rules.ts";

/** A lead sees the whole desk, an agent the tickets of their products, a customer's people their own tickets. */
export const access = defineAccess((actor) => {
  if (actor.roles.includes("lead")) return "all";
  if (actor.roles.includes("agent")) return productsOf(actor).map((product) => ({ tags: [`product:${product}`] }));
  const { customer } = actor.claims;
  return typeof customer === "string" ? [{ tags: [`customer:${customer}`] }] : [];
});
