import { type Allowance, anyOf, hasRole, type KnownActor, type Rejected, reject } from "@eventchain/ledger";

/** A lead does everything; an agent works on the products that the claim `products` lists. */
export const agents: Allowance = anyOf(hasRole("agent"), hasRole("lead"));
/** A customer's own people carry the claim `customer`. */
export const everybody: Allowance = anyOf(agents, hasRole("customer"));

/**
 * The sentence of a code that nearly every command has. One for both cases: whoever may not see a ticket must not learn
 * that it exists.
 */
export const UNKNOWN = { "ticket-unknown": "There is no such ticket, or it is not yours." } as const;

/** The products that an agent looks after. */
export function productsOf(actor: KnownActor): readonly string[] {
  const { products } = actor.claims;
  return Array.isArray(products) ? products.filter((product) => typeof product === "string") : [];
}

/** Whether a ticket of this customer about this product is one that the actor may touch. */
export function isTheirs(actor: KnownActor, subject: { customer: string; product: string }): boolean {
  if (actor.roles.includes("lead")) return true;
  if (actor.roles.includes("agent")) return productsOf(actor).includes(subject.product);
  return actor.roles.includes("customer") && actor.claims.customer === subject.customer;
}

/** For `authorize`: a ticket that was never opened is nobody's. */
export function theirTicket(given: {
  actor: KnownActor;
  model: { subject: { customer: string; product: string } | undefined };
}): true | Rejected<"ticket-unknown"> {
  const { subject } = given.model;
  return (subject !== undefined && isTheirs(given.actor, subject)) || reject("ticket-unknown");
}
