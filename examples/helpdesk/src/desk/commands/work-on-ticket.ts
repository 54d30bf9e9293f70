import { defineCommand, reject, stream } from "@eventchain/ledger";
import { z } from "zod";
import { AnswerReceived, CustomerAsked, SeriousnessChanged, TicketAssigned, TicketResolved } from "../events.ts";
import { progress, seriousness } from "../models.ts";
import { agents, everybody, theirTicket, UNKNOWN } from "../rules.ts";

const ticketId = z.string().min(1).max(64);
const text = z.string().trim().min(1).max(2000);
const ofTicket = (input: { ticketId: string }) => stream(`ticket-${input.ticketId}`);

export const assignTicket = defineCommand("AssignTicket", {
  describe: "Gives a ticket to an agent; without a name, the caller takes it.",
  input: z.object({ ticketId, agent: z.string().min(1).optional() }),
  allow: agents,
  model: progress,
  context: ofTicket,
  records: [TicketAssigned],
  rejects: {
    ...UNKNOWN,
    "ticket-ended": "The ticket is resolved, closed or a duplicate: reopen it first.",
    "already-theirs": "The ticket is this agent's already.",
  },
  authorize: theirTicket,
  decide: ({ input, model, actor }) => {
    if (model.subject === undefined) return reject("ticket-unknown");
    if (!["new", "assigned", "waiting"].includes(model.status)) return reject("ticket-ended");
    const agent = input.agent ?? actor.id;
    if (model.agent === agent) return reject("already-theirs");
    return TicketAssigned({ ...model.subject, agent });
  },
});

export const changeSeriousness = defineCommand("ChangeSeriousness", {
  describe: "Says that a ticket is more, or less, serious.",
  input: z.object({ ticketId, seriousness: z.enum(["low", "normal", "high", "blocking"]) }),
  allow: agents,
  model: seriousness,
  context: ofTicket,
  records: [SeriousnessChanged],
  rejects: {
    ...UNKNOWN,
    "ticket-ended": "The ticket is closed or a duplicate.",
    "already-so": "The ticket is as serious as that already.",
  },
  authorize: theirTicket,
  decide: ({ input, model }) => {
    if (model.subject === undefined) return reject("ticket-unknown");
    if (model.ended) return reject("ticket-ended");
    if (model.seriousness === input.seriousness) return reject("already-so");
    return SeriousnessChanged({ ...model.subject, seriousness: input.seriousness });
  },
});

export const askCustomer = defineCommand("AskCustomer", {
  describe: "Asks the customer something: the ticket waits.",
  input: z.object({ ticketId, question: text }),
  allow: agents,
  model: progress,
  context: ofTicket,
  records: [CustomerAsked],
  rejects: { ...UNKNOWN, "not-in-work": "Only a ticket that an agent works on can wait." },
  authorize: theirTicket,
  decide: ({ input, model }) => {
    if (model.subject === undefined) return reject("ticket-unknown");
    if (model.status !== "assigned") return reject("not-in-work");
    return CustomerAsked({ ...model.subject, question: input.question });
  },
});

export const recordAnswer = defineCommand("RecordAnswer", {
  describe: "Takes down the customer's answer: work goes on.",
  input: z.object({ ticketId, answer: text }),
  allow: everybody,
  model: progress,
  context: ofTicket,
  records: [AnswerReceived],
  rejects: { ...UNKNOWN, "not-waiting": "Nothing was asked, or it was answered." },
  authorize: theirTicket,
  decide: ({ input, model }) => {
    if (model.subject === undefined) return reject("ticket-unknown");
    if (model.status !== "waiting") return reject("not-waiting");
    return AnswerReceived({ ...model.subject, answer: input.answer });
  },
});

export const resolveTicket = defineCommand("ResolveTicket", {
  describe: "Says how the problem is solved.",
  input: z.object({ ticketId, solution: text }),
  allow: agents,
  model: progress,
  context: ofTicket,
  records: [TicketResolved],
  rejects: { ...UNKNOWN, "not-in-work": "Only a ticket that an agent works on can be resolved." },
  authorize: theirTicket,
  decide: ({ input, model }) => {
    if (model.subject === undefined) return reject("ticket-unknown");
    if (model.status !== "assigned") return reject("not-in-work");
    return TicketResolved({ ...model.subject, solution: input.solution });
  },
});
