import type { AnyCommand, CommandInput, CommandReceipt, Ledger, RejectionCode } from "@eventchain/ledger";
import { openMemoryLedger } from "@eventchain/ledger/testing";
import { describe, expect, test } from "vitest";
import { agent, customer, lead, otherAgent, otherCustomer } from "./commands/commands.fixture.ts";
import * as desk from "./index.ts";

const DAY_MS = 86_400_000n;
const ticketId = "1";
const opening = { ticketId, customer: "Alder", product: "Portal", title: "Upload stops" };

const openDesk = () => openMemoryLedger({ commands: desk, events: desk, access: desk.access });

async function outcomeOf<C extends AnyCommand>(
  ledger: Ledger,
  command: C,
  input: CommandInput<C>,
  actor = agent,
): Promise<RejectionCode<C> | "recorded"> {
  const receipt: CommandReceipt<RejectionCode<C>> = await ledger.execute(command, input, { actor });
  return receipt.status === "rejected" ? receipt.code : "recorded";
}

async function typesIn(events: AsyncIterable<{ type: string }>): Promise<string[]> {
  const types: string[] = [];
  for await (const { type } of events) types.push(type);
  return types;
}

describe("a ticket's life", () => {
  test("from its opening by the customer to its second end", async () => {
    const ledger = openDesk();
    const steps = [
      await outcomeOf(ledger, desk.openTicket, opening, customer),
      await outcomeOf(ledger, desk.assignTicket, { ticketId }),
      await outcomeOf(ledger, desk.changeSeriousness, { ticketId, seriousness: "blocking" }),
      await outcomeOf(ledger, desk.askCustomer, { ticketId, question: "Which browser?" }),
      await outcomeOf(ledger, desk.recordAnswer, { ticketId, answer: "The newest" }, customer),
      await outcomeOf(ledger, desk.resolveTicket, { ticketId, solution: "Clear the cache" }),
      await outcomeOf(ledger, desk.closeTicket, { ticketId, reason: "It helped" }, customer),
      await outcomeOf(ledger, desk.reopenTicket, { ticketId, reason: "It came back" }, customer),
      await outcomeOf(ledger, desk.resolveTicket, { ticketId, solution: "A new version" }),
      await outcomeOf(ledger, desk.closeTicket, { ticketId, reason: "It helped" }),
    ];
    expect(new Set(steps)).toEqual(new Set(["recorded"]));
    expect(await ledger.state(desk.progress, "ticket-1")).toMatchObject({ status: "closed", agent: "Amara" });
  });

  test("a closed ticket can be reopened for 30 days", async () => {
    const ledger = openDesk();
    await outcomeOf(ledger, desk.openTicket, opening);
    await outcomeOf(ledger, desk.assignTicket, { ticketId });
    await outcomeOf(ledger, desk.resolveTicket, { ticketId, solution: "Clear the cache" });
    ledger.advance(30n * DAY_MS + 1n);
    expect(await outcomeOf(ledger, desk.reopenTicket, { ticketId, reason: "Again" })).toBe("too-late");
    await outcomeOf(ledger, desk.closeTicket, { ticketId, reason: "It helped" });
    ledger.advance(30n * DAY_MS);
    expect(await outcomeOf(ledger, desk.reopenTicket, { ticketId, reason: "Again" })).toBe("recorded");
  });

  test("goes on from rows of the old desk's file", async () => {
    // Opened without definitions, as `eventchain import` does: else it takes events of the current versions only.
    const ledger = openMemoryLedger();
    const row = (data: object) => ({
      "case:concept:name": ticketId,
      "org:resource": "Amara",
      seriousness: "low",
      customer: "Alder",
      product: "Portal",
      service_level: "gold",
      ...data,
    });
    const imported = ["TicketOpened", "TicketAssigned", "CustomerAsked"].map((type) => ({
      type,
      data: row({}),
      tags: ["customer:Alder", "product:Portal"],
    }));
    await ledger.append("ticket-1", imported, { actor: "desk" });
    expect(await ledger.state(desk.progress, "ticket-1")).toMatchObject({ status: "waiting", agent: "Amara" });
    expect(await outcomeOf(ledger, desk.openTicket, opening)).toBe("ticket-exists");
    expect(await outcomeOf(ledger, desk.recordAnswer, { ticketId, answer: "yes" }, customer)).toBe("recorded");
    expect(await outcomeOf(ledger, desk.resolveTicket, { ticketId, solution: "Clear the cache" })).toBe("recorded");
    const stored = ledger.readStream("ticket-1", { limit: 1 });
    for await (const event of stored) expect(event).toMatchObject({ schema: 1, data: row({}) });
  });

  test("of many tickets at once under one reference of a customer, one is opened", async () => {
    const ledger = openDesk();
    const all = Array.from({ length: 8 }, (_, index) =>
      outcomeOf(ledger, desk.openTicket, { ...opening, ticketId: `${index}`, reference: "PO-7" }),
    );
    expect((await Promise.all(all)).sort()).toEqual(["recorded", ...Array(7).fill("reference-taken")]);
  });
});

test("a customer sees their tickets, an agent those of their products, a lead all", async () => {
  const ledger = openDesk();
  await outcomeOf(ledger, desk.openTicket, opening, lead);
  await outcomeOf(ledger, desk.openTicket, { ...opening, ticketId: "2", customer: "Corvid" }, lead);
  await outcomeOf(ledger, desk.openTicket, { ...opening, ticketId: "3", product: "Scheduler" }, lead);
  await outcomeOf(ledger, desk.assignTicket, { ticketId, agent: "Amara" }, lead);
  await outcomeOf(ledger, desk.markDuplicate, { ticketId: "3", original: "1" }, lead);
  const seenBy = async (actor: Parameters<Ledger["as"]>[0]) =>
    Promise.all(["1", "2", "3"].map((id) => typesIn(ledger.as(actor).readStream(`ticket-${id}`))));
  const [first, second, third] = [
    ["TicketOpened", "TicketAssigned"],
    ["TicketOpened"],
    ["TicketOpened", "DuplicateMarked"],
  ];
  expect(await seenBy(lead)).toEqual([first, second, third]);
  expect(await seenBy(agent)).toEqual([first, second, []]);
  expect(await seenBy(otherAgent)).toEqual([[], [], third]);
  expect(await seenBy(customer)).toEqual([first, [], third]);
  expect(await seenBy(otherCustomer)).toEqual([[], second, []]);
  expect(await seenBy("nobody")).toEqual([[], [], []]);
});
