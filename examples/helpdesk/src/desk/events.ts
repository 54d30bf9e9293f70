import { defineEvent, type JsonObject } from "@eventchain/ledger";
import { z } from "zod";

/** What every event of a ticket tells; its stream and its tags follow from it. */
const ticket = {
  ticketId: z.string().min(1).max(64),
  customer: z.string().min(1).max(200),
  product: z.string().min(1).max(200),
};

export interface Subject {
  ticketId: string;
  customer: string;
  product: string;
}

export function subjectOf({ ticketId, customer, product }: Subject): Subject {
  return { ticketId, customer, product };
}

const routing = {
  stream: ({ ticketId }: { ticketId: string }) => `ticket-${ticketId}`,
  tags: ({ customer, product }: { customer: string; product: string }) => [
    `customer:${customer}`,
    `product:${product}`,
  ],
};

/**
 * Version 1 of these events is a row of the old desk's CSV file, as `eventchain import` records it (data/tickets.map.json).
 * What is stored stays as it is; each event says how to read such a row as its version 2.
 */
const ofRow = (row: JsonObject) => ({
  ticketId: row["case:concept:name"],
  customer: row.customer,
  product: row.product,
});
const noText = "not recorded by the old desk";

export const TicketOpened = defineEvent("TicketOpened", {
  describe: "A customer's problem was taken down.",
  version: 2,
  schema: z.object({
    ...ticket,
    title: z.string(),
    seriousness: z.string(),
    serviceLevel: z.string(),
    reference: z.string().optional().describe("the customer's own number for it"),
  }),
  upcast: {
    1: (row) => ({ ...ofRow(row), title: noText, seriousness: row.seriousness, serviceLevel: row.service_level }),
  },
  stream: routing.stream,
  tags: (data) => [
    ...routing.tags(data),
    ...(data.reference === undefined ? [] : [referenceTag(data.customer, data.reference)]),
  ],
});

export const TicketAssigned = defineEvent("TicketAssigned", {
  describe: "An agent is to look after the ticket.",
  version: 2,
  schema: z.object({ ...ticket, agent: z.string() }),
  upcast: { 1: (row) => ({ ...ofRow(row), agent: row["org:resource"] }) },
  ...routing,
});

export const SeriousnessChanged = defineEvent("SeriousnessChanged", {
  describe: "The ticket is more, or less, serious than before.",
  version: 2,
  schema: z.object({ ...ticket, seriousness: z.string() }),
  upcast: { 1: (row) => ({ ...ofRow(row), seriousness: row.seriousness }) },
  ...routing,
});

export const CustomerAsked = defineEvent("CustomerAsked", {
  describe: "The ticket waits for the customer's answer.",
  version: 2,
  schema: z.object({ ...ticket, question: z.string() }),
  upcast: { 1: (row) => ({ ...ofRow(row), question: noText }) },
  ...routing,
});

export const AnswerReceived = defineEvent("AnswerReceived", {
  describe: "The customer answered: work goes on.",
  version: 2,
  schema: z.object({ ...ticket, answer: z.string() }),
  upcast: { 1: (row) => ({ ...ofRow(row), answer: noText }) },
  ...routing,
});

export const TicketResolved = defineEvent("TicketResolved", {
  describe: "The agent found a solution.",
  version: 2,
  schema: z.object({ ...ticket, solution: z.string() }),
  upcast: { 1: (row) => ({ ...ofRow(row), solution: noText }) },
  ...routing,
});

export const TicketReopened = defineEvent("TicketReopened", {
  describe: "The solution did not help.",
  version: 2,
  schema: z.object({ ...ticket, reason: z.string() }),
  upcast: { 1: (row) => ({ ...ofRow(row), reason: noText }) },
  ...routing,
});

export const TicketClosed = defineEvent("TicketClosed", {
  describe: "Nothing is left to do.",
  version: 2,
  schema: z.object({ ...ticket, reason: z.string() }),
  upcast: { 1: (row) => ({ ...ofRow(row), reason: noText }) },
  ...routing,
});

export const DuplicateMarked = defineEvent("DuplicateMarked", {
  describe: "The ticket tells what another one tells already: it goes on there.",
  schema: z.object({ ...ticket, original: ticket.ticketId }),
  ...routing,
});

/** A customer's own number is the customer's alone: another customer may use the same. */
export function referenceTag(customer: string, reference: string): string {
  return `reference:${customer}/${reference}`;
}
