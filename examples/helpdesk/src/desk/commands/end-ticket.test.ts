import { reject } from "@eventchain/ledger";
import { at, given } from "@eventchain/ledger/testing";
import { describe, test } from "vitest";
import { DuplicateMarked, TicketOpened, TicketReopened } from "../events.ts";
import {
  agent,
  assigned,
  closed,
  customer,
  duplicate,
  lead,
  opened,
  otherAgent,
  otherCustomer,
  resolved,
  subject,
} from "./commands.fixture.ts";
import { closeTicket, markDuplicate, reopenTicket } from "./end-ticket.ts";

const ticketId = "1";

describe("CloseTicket", () => {
  const input = { ticketId, reason: "It helped" };

  test("closes a resolved ticket, also by the customer", () => {
    for (const actor of [agent, customer, lead])
      given(opened, assigned, resolved).when(closeTicket, input, { actor }).then(closed);
  });
  test("rejects one that is not resolved, or closed before", () => {
    for (const events of [[opened], [opened, assigned], [opened, assigned, resolved, closed]])
      given(...events)
        .when(closeTicket, input, { actor: agent })
        .then(reject("ticket-not-resolved"));
  });
  test("rejects other people's", () => {
    for (const actor of [otherAgent, otherCustomer])
      given(opened, assigned, resolved).when(closeTicket, input, { actor }).then(reject("ticket-unknown"));
  });
});

describe("ReopenTicket", () => {
  const input = { ticketId, reason: "It came back" };

  test("takes up a ticket that is resolved, or closed", () => {
    for (const end of [[resolved], [resolved, closed]])
      given(opened, assigned, ...end)
        .when(reopenTicket, input, { actor: customer })
        .then(TicketReopened({ ...subject, reason: "It came back" }));
  });
  test("rejects a ticket that ended more than 30 days ago", () => {
    const endedMs = Date.UTC(2026, 0, 1);
    const daysLater = (days: number) =>
      given(opened, assigned, at(BigInt(endedMs), resolved)).when(reopenTicket, input, {
        actor: customer,
        nowMs: BigInt(endedMs + days * 86_400_000),
      });
    daysLater(30).then(TicketReopened({ ...subject, reason: "It came back" }));
    daysLater(31).then(reject("too-late"));
  });
  test("rejects a ticket that is in work, and a duplicate", () => {
    for (const events of [
      [opened, assigned],
      [opened, duplicate],
    ])
      given(...events)
        .when(reopenTicket, input, { actor: agent })
        .then(reject("ticket-not-ended"));
  });
});

describe("MarkDuplicate", () => {
  const input = { ticketId, original: "2" };
  const second = { ticketId: "2", customer: "Alder", product: "Portal" };
  const original = TicketOpened({ ...second, title: "Upload stops", seriousness: "low", serviceLevel: "gold" });

  test("ends the ticket and names the original", () => {
    given(opened, original).when(markDuplicate, input, { actor: agent }).then(duplicate);
  });
  test("rejects a ticket that would be its own duplicate", () => {
    given(opened).when(markDuplicate, { ticketId, original: ticketId }, { actor: agent }).then(reject("same-ticket"));
  });
  test("rejects a second mark, and a chain of them", () => {
    given(opened, original, duplicate).when(markDuplicate, input, { actor: agent }).then(reject("ticket-ended"));
    given(opened, original, DuplicateMarked({ ...second, original: "3" }))
      .when(markDuplicate, input, { actor: agent })
      .then(reject("original-is-duplicate"));
  });
  test("rejects an original of another customer", () => {
    const theirs = TicketOpened({
      ...second,
      customer: "Corvid",
      title: "Upload stops",
      seriousness: "low",
      serviceLevel: "gold",
    });
    given(opened, theirs).when(markDuplicate, input, { actor: lead }).then(reject("other-customer"));
  });
  test("rejects tickets that the agent does not look after, or that are not there", () => {
    const scheduler = TicketOpened({
      ...second,
      product: "Scheduler",
      title: "Late",
      seriousness: "low",
      serviceLevel: "gold",
    });
    given(opened, scheduler).when(markDuplicate, input, { actor: agent }).then(reject("ticket-unknown"));
    given(opened).when(markDuplicate, input, { actor: agent }).then(reject("ticket-unknown"));
  });
});
