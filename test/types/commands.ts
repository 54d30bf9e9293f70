/** Types of commands: compiled, never run. */
import {
  type AnyCommand,
  type CommandInput,
  type Connection,
  defineCommand,
  deny,
  hasRole,
  type Ledger,
  type LedgerView,
  query,
  type RejectionCode,
  reject,
  stream,
} from "@eventchain/ledger";
import { jsonSchema } from "@eventchain/ledger/json-schema";
import { expectTypeOf } from "vitest";
import { z } from "zod";
import * as definitions from "./definitions.ts";
import { CallLogged, minutes, TicketClosed, TicketOpened, type TicketState, ticket } from "./definitions.ts";

declare const connection: Connection;
declare const ledger: Ledger;
declare const view: LedgerView;

export const closeTicket = defineCommand("CloseTicket", {
  input: z.object({ ticketId: z.string(), reason: z.enum(["solved", "withdrawn"]).default("solved") }),
  context: (input) => stream(`ticket-${input.ticketId}`),
  model: ticket,
  records: [TicketClosed],
  rejects: { "ticket-not-open": "The ticket is not open", "not-an-agent": "Agents only" },
  allow: hasRole("agent"),
  authorize: ({ actor, model }) => actor.roles.includes("agent") || model.priority < 2 || deny("not-an-agent"),
  decide: ({ input, model, actor, nowMs }) => {
    expectTypeOf(input).toEqualTypeOf<{ ticketId: string; reason: "solved" | "withdrawn" }>();
    expectTypeOf(model).toEqualTypeOf<TicketState>();
    expectTypeOf(actor.id).toEqualTypeOf<string>();
    expectTypeOf(nowMs).toEqualTypeOf<bigint>();
    return model.status === "open" ? [TicketClosed({ ...input })] : reject("ticket-not-open");
  },
});

/** Several models, each with its context. */
export const logCall = defineCommand("LogCall", {
  input: jsonSchema<{ ticketId: string; minutes: number }>({ type: "object" }),
  context: ({ ticketId }) => ({
    ticket: stream(`ticket-${ticketId}`),
    calls: query({ types: [CallLogged], tags: [`ticket:${ticketId}`] }),
  }),
  model: { ticket, calls: minutes },
  records: [CallLogged, TicketOpened],
  decide: ({ input, model }) => {
    expectTypeOf(model.ticket).toEqualTypeOf<TicketState>();
    expectTypeOf(model.calls).toEqualTypeOf<number>();
    // @ts-expect-error no such model
    model.call;
    return CallLogged({ minutes: input.minutes });
  },
});

const base = {
  input: z.object({ ticketId: z.string() }),
  model: ticket,
  records: [TicketClosed],
  rejects: { "ticket-not-open": "The ticket is not open" },
} as const;
const context = (input: { ticketId: string }) => stream(`ticket-${input.ticketId}`);
const close = () => TicketClosed({ ticketId: "1", reason: "solved" });

defineCommand("Good", { ...base, context, decide: close });
// @ts-expect-error no such code
defineCommand("WrongCode", { ...base, context, decide: ({ model }) => (model.priority > 1 ? close() : reject("no")) });
// @ts-expect-error no such code for a denial either
defineCommand("WrongDenial", { ...base, context, authorize: () => deny("no"), decide: close });
const { rejects: _, ...lenient } = base;
// @ts-expect-error a command without rejects rejects nothing
defineCommand("NoCodes", { ...lenient, context, decide: () => reject("no") });
// @ts-expect-error nor does it deny with a code
defineCommand("NoDenials", { ...lenient, context, authorize: () => deny("no"), decide: close });
// @ts-expect-error not one of its events
defineCommand("WrongEvent", { ...base, context, decide: () => [close(), CallLogged({ minutes: 1 })] });
// @ts-expect-error a decision is made at once
defineCommand("Async", { ...base, context, decide: async () => close() });
// @ts-expect-error it decides nothing
defineCommand("Nothing", { ...base, context, decide: () => undefined });
// @ts-expect-error no such field of the input
defineCommand("WrongInput", { ...base, context, decide: ({ input }) => [close(), input.reason] });
// @ts-expect-error no such state
defineCommand("WrongState", { ...base, context, decide: ({ model }) => (model.status === "gone" ? close() : []) });
// @ts-expect-error one model has one context
defineCommand("WrongContext", { ...base, context: () => ({ ticket: stream("a") }), decide: close });
defineCommand("MissingContext", {
  ...base,
  model: { ticket, calls: minutes },
  // @ts-expect-error a model is without a context
  context: () => ({ ticket: stream("a") }),
  decide: close,
});
// @ts-expect-error a name is no definition
query({ types: ["TicketOpened"] });

// Input and codes of `execute` are the command's.
expectTypeOf<CommandInput<typeof closeTicket>>().toEqualTypeOf<{
  ticketId: string;
  reason?: "solved" | "withdrawn" | undefined;
}>();
expectTypeOf<RejectionCode<typeof closeTicket>>().toEqualTypeOf<"ticket-not-open" | "not-an-agent" | "not-allowed">();
expectTypeOf<RejectionCode<typeof logCall>>().toEqualTypeOf<"not-allowed">();
const receipt = await ledger.execute(closeTicket, { ticketId: "1" }, { actor: "ada" });
if (receipt.status === "rejected") {
  expectTypeOf(receipt.code).toEqualTypeOf<"ticket-not-open" | "not-an-agent" | "not-allowed">();
  // @ts-expect-error no such code
  console.log(receipt.code === "ticket-open");
  // @ts-expect-error a rejection has recorded nothing
  receipt.events;
} else {
  expectTypeOf(receipt.commandId).toEqualTypeOf<string>();
  expectTypeOf(receipt.events[0]?.position).toEqualTypeOf<bigint | undefined>();
  // @ts-expect-error a receipt carries no payload
  receipt.events[0]?.data;
}
// @ts-expect-error a field is missing
await ledger.execute(closeTicket, {}, { actor: "ada" });
// @ts-expect-error no such field
await ledger.execute(closeTicket, { ticketId: "1", ticket: "1" }, { actor: "ada" });
// @ts-expect-error nobody acts
await ledger.execute(closeTicket, { ticketId: "1" }, {});
// @ts-expect-error no such option
await ledger.execute(closeTicket, { ticketId: "1" }, { actor: "ada", command: "1" });
await view.execute(logCall, { ticketId: "1", minutes: 3 });
// @ts-expect-error the view knows who acts
await view.execute(logCall, { ticketId: "1", minutes: 3 }, { actor: "bob" });

// A list, or a module as it is.
const commands: readonly AnyCommand[] = [closeTicket, logCall];
await connection.ledger("helpdesk.example", { events: [TicketOpened, CallLogged], commands });
await connection.ledger("helpdesk.example", { events: definitions });
// @ts-expect-error an event is no command
await connection.ledger("helpdesk.example", { commands: [TicketOpened] });
