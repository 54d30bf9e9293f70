/** What the examples of these tests are about. */
import { defineEvent, defineModel } from "@eventchain/ledger";
import { jsonSchema } from "@eventchain/ledger/json-schema";
import { z } from "zod";

export const TicketOpened = defineEvent("TicketOpened", {
  version: 2,
  schema: z.object({ ticketId: z.string(), title: z.string(), priority: z.number().default(1) }),
  upcast: { 1: (old) => ({ ...old, title: old.subject }) },
  tags: (data) => [`ticket:${data.ticketId}`, `priority:${data.priority.toFixed()}`],
  stream: (data) => `ticket-${data.ticketId}`,
});

export const TicketClosed = defineEvent("TicketClosed", {
  schema: z.object({ ticketId: z.string(), reason: z.enum(["solved", "withdrawn"]) }),
});

/** By plain JSON Schema. */
export const CallLogged = defineEvent("CallLogged", {
  schema: jsonSchema<{ minutes: number; note?: string }>({
    type: "object",
    required: ["minutes"],
    properties: { minutes: { type: "number" }, note: { type: "string" } },
  }),
  tags: (data) => [`minutes:${data.minutes.toFixed()}`],
});

export interface TicketState {
  readonly status: "none" | "open" | "closed";
  readonly priority: number;
}

export const ticket = defineModel<TicketState>("ticket", { initial: () => ({ status: "none", priority: 0 }) })
  .on(TicketOpened, (state, { data }) => ({ ...state, status: "open", priority: data.priority }))
  .on(TicketClosed, (state) => ({ ...state, status: "closed" }));

export const minutes = defineModel("minutes", { initial: () => 0 }).on(
  CallLogged,
  (sum, { data }) => sum + data.minutes,
);
