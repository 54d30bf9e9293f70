import { reject } from "@eventchain/ledger";
import { given } from "@eventchain/ledger/testing";
import { describe, expect, test } from "vitest";
import { TicketOpened } from "../events.ts";
import { agent, customer, lead, opened, otherAgent, otherCustomer } from "./commands.fixture.ts";
import { openTicket } from "./open-ticket.ts";

const input = { ticketId: "2", customer: "Alder", product: "Portal", title: "Portal is slow" };
const event = TicketOpened({ ...input, seriousness: "normal", serviceLevel: "bronze" });

describe("OpenTicket", () => {
  test("opens a ticket for agents of the product, leads and the customer's own people", () => {
    for (const actor of [agent, lead, customer]) given(opened).when(openTicket, input, { actor }).then(event);
  });
  test("rejects agents of other products and other customers", () => {
    for (const actor of [otherAgent, otherCustomer])
      given().when(openTicket, input, { actor }).then(reject("not-yours"));
  });
  test("rejects actors without a role", () => {
    given().when(openTicket, input, { actor: "anybody" }).then(reject("not-allowed"));
  });
  test("rejects an id that was used", () => {
    given(opened)
      .when(openTicket, { ...input, ticketId: "1" }, { actor: lead })
      .then(reject("ticket-exists"));
  });
  test("rejects a customer's reference number that the customer used, in whatever ticket", () => {
    given(opened)
      .when(openTicket, { ...input, reference: "PO-7" }, { actor: lead })
      .then(reject("reference-taken"));
  });
  test("lets another customer use the same reference number", () => {
    const theirs = { ...input, customer: "Corvid", reference: "PO-7" };
    given(opened)
      .when(openTicket, theirs, { actor: lead })
      .then(TicketOpened({ ...theirs, seriousness: "normal", serviceLevel: "bronze" }));
  });
  test("fails on a seriousness that there is not, and names the path", () => {
    const { outcome } = given().when(openTicket, { ...input, seriousness: "dire" as "high" }, { actor: lead });
    expect(outcome).toMatchObject({
      status: "failed",
      error: { code: "invalid-input", message: expect.stringContaining("$.seriousness") },
    });
  });
});

test("an opened ticket carries the tags of its customer, product and reference, and its own stream", () => {
  expect(opened).toMatchObject({
    stream: "ticket-1",
    tags: ["customer:Alder", "product:Portal", "reference:Alder/PO-7"],
  });
});
