/** Types of models: compiled, never run. */
import {
  defineEvent,
  defineModel,
  type Ledger,
  type ModelEvent,
  type StateOf,
  type StatesOf,
} from "@eventchain/ledger";
import { expectTypeOf } from "vitest";
import { z } from "zod";
import { CallLogged, minutes, TicketClosed, TicketOpened, type TicketState, ticket } from "./definitions.ts";

declare const ledger: Ledger;

// The state is what `initial` gives, or what is said.
expectTypeOf<StateOf<typeof ticket>>().toEqualTypeOf<TicketState>();
expectTypeOf<StateOf<typeof minutes>>().toEqualTypeOf<number>();
expectTypeOf(ticket.initial).returns.toEqualTypeOf<TicketState>();
const inferred = defineModel("inferred", {
  initial: () => ({ status: "none" as "none" | "open", seen: [] as string[] }),
});
expectTypeOf<StateOf<typeof inferred>>().toEqualTypeOf<{ status: "none" | "open"; seen: string[] }>();

// A handler gets the state and its own event.
inferred.on(TicketOpened, (state, event) => {
  expectTypeOf(state).toEqualTypeOf<{ status: "none" | "open"; seen: string[] }>();
  expectTypeOf(event).toEqualTypeOf<
    ModelEvent<"TicketOpened", { ticketId: string; title: string; priority: number }>
  >();
  return { ...state, status: "open" };
});
// @ts-expect-error no such field in its data
inferred.on(TicketClosed, (state, { data }) => ({ ...state, seen: [data.title] }));
// @ts-expect-error no such state
inferred.on(TicketClosed, (state) => ({ ...state, status: "closed" }));
// @ts-expect-error no state at all
inferred.on(TicketClosed, () => undefined);
// @ts-expect-error a handler gives the state at once
inferred.on(TicketClosed, async (state) => state);
// @ts-expect-error a name is no definition
inferred.on("TicketOpened", (state) => state);
// @ts-expect-error a number is no text
minutes.on(defineEvent("Counted", { schema: z.object({ n: z.string() }) }), (sum, { data }) => sum - data.n);
// @ts-expect-error neither of them
defineModel("wrong", { initial: () => 0, unknown: "ignore" });
// @ts-expect-error a state does not come of nothing
defineModel("empty", {});
// @ts-expect-error no such key
defineModel("misspelt", { initial: () => 0, unknwon: "fail" });
// @ts-expect-error a model is not changed
ticket.version = 2;

// Several models give their states under their names.
const several = { ticket, minutes };
expectTypeOf<StatesOf<typeof several>>().toEqualTypeOf<{ readonly ticket: TicketState; readonly minutes: number }>();
expectTypeOf<StatesOf<typeof ticket>>().toEqualTypeOf<TicketState>();

// `state` gives the model's.
expectTypeOf(ledger.state(ticket, "ticket-1")).resolves.toEqualTypeOf<TicketState>();
expectTypeOf(ledger.state(minutes, { kind: "stream", stream: "ticket-1" })).resolves.toEqualTypeOf<number>();
// @ts-expect-error a definition is no model
ledger.state(CallLogged, "ticket-1");
