import type { Actor } from "@eventchain/ledger";
import {
  CustomerAsked,
  DuplicateMarked,
  TicketAssigned,
  TicketClosed,
  TicketOpened,
  TicketResolved,
} from "../events.ts";

export const lead: Actor = { id: "Lea", roles: ["lead"] };
export const agent: Actor = { id: "Amara", roles: ["agent"], claims: { products: ["Portal"] } };
export const otherAgent: Actor = { id: "Elif", roles: ["agent"], claims: { products: ["Scheduler"] } };
export const customer: Actor = { id: "mia@alder.example", roles: ["customer"], claims: { customer: "Alder" } };
export const otherCustomer: Actor = { id: "bo@corvid.example", roles: ["customer"], claims: { customer: "Corvid" } };

export const subject = { ticketId: "1", customer: "Alder", product: "Portal" };

export const opened = TicketOpened({
  ...subject,
  title: "Upload stops at 99 %",
  seriousness: "normal",
  serviceLevel: "gold",
  reference: "PO-7",
});
export const assigned = TicketAssigned({ ...subject, agent: "Amara" });
export const asked = CustomerAsked({ ...subject, question: "Which browser?" });
export const resolved = TicketResolved({ ...subject, solution: "Clear the cache" });
export const closed = TicketClosed({ ...subject, reason: "It helped" });
export const duplicate = DuplicateMarked({ ...subject, original: "2" });
