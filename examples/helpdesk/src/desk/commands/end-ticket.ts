import { defineCommand, reject, stream } from "@eventchain/ledger";
import { z } from "zod";
import { DuplicateMarked, TicketClosed, TicketReopened } from "../events.ts";
import { ending } from "../models.ts";
import { agents, everybody, isTheirs, theirTicket, UNKNOWN } from "../rules.ts";

const ticketId = z.string().min(1).max(64);
const reason = z.string().trim().min(1).max(2000);
const ofTicket = (input: { ticketId: string }) => stream(`ticket-${input.ticketId}`);

/** How long after its end a ticket may be reopened. */
const REOPEN_DAYS = 30n;
const DAY_MS = 86_400_000n;

export const closeTicket = defineCommand("CloseTicket", {
  describe: "Closes a ticket whose solution is accepted.",
  input: z.object({ ticketId, reason }),
  allow: everybody,
  model: ending,
  context: ofTicket,
  records: [TicketClosed],
  rejects: { ...UNKNOWN, "ticket-not-resolved": "Only a resolved ticket can be closed." },
  authorize: theirTicket,
  decide: ({ input, model }) => {
    if (model.subject === undefined) return reject("ticket-unknown");
    if (model.status !== "resolved") return reject("ticket-not-resolved");
    return TicketClosed({ ...model.subject, reason: input.reason });
  },
});

export const reopenTicket = defineCommand("ReopenTicket", {
  describe: `Takes a ticket up again, within ${REOPEN_DAYS} days of its end.`,
  input: z.object({ ticketId, reason }),
  allow: everybody,
  model: ending,
  context: ofTicket,
  records: [TicketReopened],
  rejects: {
    ...UNKNOWN,
    "ticket-not-ended": "Only a resolved or closed ticket can be reopened.",
    "too-late": `The ticket ended more than ${REOPEN_DAYS} days ago: open a new one.`,
  },
  authorize: theirTicket,
  decide: ({ input, model, nowMs }) => {
    if (model.subject === undefined) return reject("ticket-unknown");
    if (model.status !== "resolved" && model.status !== "closed") return reject("ticket-not-ended");
    if (nowMs - model.endedAtMicros / 1000n > REOPEN_DAYS * DAY_MS) return reject("too-late");
    return TicketReopened({ ...model.subject, reason: input.reason });
  },
});

export const markDuplicate = defineCommand("MarkDuplicate", {
  describe: "Ends a ticket that tells what another one of the same customer tells already.",
  input: z.object({ ticketId, original: ticketId }),
  allow: agents,
  model: { ticket: ending, original: ending },
  context: (input) => ({ ticket: ofTicket(input), original: stream(`ticket-${input.original}`) }),
  records: [DuplicateMarked],
  rejects: {
    ...UNKNOWN,
    "same-ticket": "A ticket is no duplicate of itself.",
    "other-customer": "The original is another customer's ticket.",
    "ticket-ended": "The ticket is closed, or a duplicate already.",
    "original-is-duplicate": "The original is a duplicate itself: name the ticket that it is a duplicate of.",
  },
  authorize: ({ actor, model }) =>
    [model.ticket, model.original].every(({ subject }) => subject !== undefined && isTheirs(actor, subject)) ||
    reject("ticket-unknown"),
  decide: ({ input, model: { ticket, original } }) => {
    if (ticket.subject === undefined || original.subject === undefined) return reject("ticket-unknown");
    if (input.ticketId === input.original) return reject("same-ticket");
    if (ticket.subject.customer !== original.subject.customer) return reject("other-customer");
    if (ticket.status === "closed" || ticket.status === "duplicate") return reject("ticket-ended");
    if (original.status === "duplicate") return reject("original-is-duplicate");
    return DuplicateMarked({ ...ticket.subject, original: input.original });
  },
});
