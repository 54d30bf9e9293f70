import { reject } from "@eventchain/ledger";
import { given } from "@eventchain/ledger/testing";
import { describe, test } from "vitest";
import { AnswerReceived, CustomerAsked, SeriousnessChanged, TicketAssigned, TicketResolved } from "../events.ts";
import {
  agent,
  asked,
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
import { askCustomer, assignTicket, changeSeriousness, recordAnswer, resolveTicket } from "./work-on-ticket.ts";

const actor = agent;
const ticketId = "1";

describe("AssignTicket", () => {
  test("gives the ticket to whom it is told, or to the caller", () => {
    given(opened)
      .when(assignTicket, { ticketId, agent: "Dmitri" }, { actor })
      .then(TicketAssigned({ ...subject, agent: "Dmitri" }));
    given(opened).when(assignTicket, { ticketId }, { actor }).then(assigned);
  });
  test("gives a waiting ticket to somebody else", () => {
    given(opened, assigned, asked)
      .when(assignTicket, { ticketId, agent: "Dmitri" }, { actor: lead })
      .then(TicketAssigned({ ...subject, agent: "Dmitri" }));
  });
  test("rejects the agent who has it", () => {
    given(opened, assigned).when(assignTicket, { ticketId }, { actor }).then(reject("already-theirs"));
  });
  test("rejects a ticket that has ended in any way", () => {
    for (const end of [[resolved], [resolved, closed], [duplicate]])
      given(opened, assigned, ...end)
        .when(assignTicket, { ticketId, agent: "Dmitri" }, { actor })
        .then(reject("ticket-ended"));
  });
  test("says the same of a ticket that is not theirs and of one that is not there", () => {
    given(opened).when(assignTicket, { ticketId }, { actor: otherAgent }).then(reject("ticket-unknown"));
    given().when(assignTicket, { ticketId }, { actor: otherAgent }).then(reject("ticket-unknown"));
  });
  test("is not for customers", () => {
    given(opened).when(assignTicket, { ticketId }, { actor: customer }).then(reject("not-allowed"));
  });
});

describe("ChangeSeriousness", () => {
  const input = { ticketId, seriousness: "high" } as const;
  const raised = SeriousnessChanged({ ...subject, seriousness: "high" });

  test("changes it", () => {
    given(opened).when(changeSeriousness, input, { actor }).then(raised);
  });
  test("rejects what it is already", () => {
    given(opened, raised).when(changeSeriousness, input, { actor }).then(reject("already-so"));
  });
  test("rejects a closed ticket and a duplicate", () => {
    for (const end of [closed, duplicate])
      given(opened, end).when(changeSeriousness, input, { actor }).then(reject("ticket-ended"));
  });
});

describe("AskCustomer and RecordAnswer", () => {
  const answer = { ticketId, answer: "The newest" };

  test("the ticket waits, and goes on", () => {
    given(opened, assigned)
      .when(askCustomer, { ticketId, question: "Which browser?" }, { actor })
      .then(CustomerAsked({ ...subject, question: "Which browser?" }));
    given(opened, assigned, asked)
      .when(recordAnswer, answer, { actor: customer })
      .then(AnswerReceived({ ...subject, answer: "The newest" }));
  });
  test("rejects a question about a ticket that nobody works on, or that waits already", () => {
    for (const events of [[opened], [opened, assigned, asked], [opened, assigned, resolved]])
      given(...events)
        .when(askCustomer, { ticketId, question: "And now?" }, { actor })
        .then(reject("not-in-work"));
  });
  test("rejects an answer to nothing, and another customer's", () => {
    given(opened, assigned).when(recordAnswer, answer, { actor: customer }).then(reject("not-waiting"));
    given(opened, assigned, asked).when(recordAnswer, answer, { actor: otherCustomer }).then(reject("ticket-unknown"));
  });
});

describe("ResolveTicket", () => {
  const input = { ticketId, solution: "Clear the cache" };

  test("resolves a ticket that somebody works on", () => {
    given(opened, assigned).when(resolveTicket, input, { actor }).then(resolved);
    given(opened, assigned, asked, AnswerReceived({ ...subject, answer: "yes" }))
      .when(resolveTicket, input, { actor })
      .then(TicketResolved({ ...subject, solution: "Clear the cache" }));
  });
  test("rejects any other", () => {
    for (const events of [[opened], [opened, assigned, asked], [opened, assigned, resolved]])
      given(...events)
        .when(resolveTicket, input, { actor })
        .then(reject("not-in-work"));
  });
});
