import { defineCommand, query, reject, stream } from "@eventchain/ledger";
import { z } from "zod";
import { referenceTag, TicketOpened } from "../events.ts";
import { progress, referenceHolder } from "../models.ts";
import { everybody, isTheirs } from "../rules.ts";

export const openTicket = defineCommand("OpenTicket", {
  describe: "Takes down a customer's problem.",
  input: z.object({
    ticketId: z.string().min(1).max(64),
    customer: z.string().min(1).max(200),
    product: z.string().min(1).max(200),
    title: z.string().trim().min(1).max(200),
    seriousness: z.enum(["low", "normal", "high", "blocking"]).default("normal"),
    serviceLevel: z.enum(["bronze", "silver", "gold"]).default("bronze"),
    reference: z.string().min(1).max(100).optional().describe("the customer's own number for it"),
  }),
  allow: everybody,
  model: { ticket: progress, reference: referenceHolder },
  context: (input) => ({
    ticket: stream(`ticket-${input.ticketId}`),
    // Without a reference there is nothing to be unique.
    reference:
      input.reference === undefined ? undefined : query({ tags: [referenceTag(input.customer, input.reference)] }),
  }),
  records: [TicketOpened],
  rejects: {
    "not-yours": "An agent opens tickets about their products, a customer's people tickets of that customer.",
    "ticket-exists": "A ticket with this id was opened before.",
    "reference-taken": "The customer has a ticket under this reference.",
  },
  authorize: ({ actor, input }) => isTheirs(actor, input) || reject("not-yours"),
  decide: ({ input, model }) => {
    if (model.ticket.subject !== undefined) return reject("ticket-exists");
    if (model.reference !== undefined) return reject("reference-taken");
    return TicketOpened(input);
  },
});
