/** Types of events: compiled, never run. */
import { type DataOf, defineEvent, type EventInput, type EventOf, type InputOf, type Ledger } from "@eventchain/ledger";
import type { jsonSchema } from "@eventchain/ledger/json-schema";
import { expectTypeOf } from "vitest";
import { z } from "zod";
import { CallLogged, TicketClosed, TicketOpened } from "./definitions.ts";

declare const ledger: Ledger;

// Type, input and data are those of the schema.
expectTypeOf(TicketOpened.type).toEqualTypeOf<"TicketOpened">();
expectTypeOf<DataOf<typeof TicketOpened>>().toEqualTypeOf<{ ticketId: string; title: string; priority: number }>();
expectTypeOf<Parameters<typeof TicketOpened>[0]>().toEqualTypeOf<{
  ticketId: string;
  title: string;
  priority?: number | undefined;
}>();
const opened = TicketOpened({ ticketId: "1", title: "No sound" });
expectTypeOf(opened).toEqualTypeOf<EventOf<typeof TicketOpened>>();
expectTypeOf(opened.type).toEqualTypeOf<"TicketOpened">();
expectTypeOf(opened.data.priority).toEqualTypeOf<number>();

// @ts-expect-error no such field
TicketOpened({ ticketId: "1", titel: "No sound" });
// @ts-expect-error a field is missing
TicketOpened({ ticketId: "1" });
// @ts-expect-error a number is no text
TicketOpened({ ticketId: 1, title: "No sound" });
// @ts-expect-error no such key of a definition
defineEvent("Misspelt", { schema: z.object({}), tag: () => [] });
// @ts-expect-error none of the reasons
TicketClosed({ ticketId: "1", reason: "bored" });
// @ts-expect-error no such option
TicketOpened({ ticketId: "1", title: "No sound" }, { tag: ["a"] });
// @ts-expect-error an event is not changed
opened.schema = 3;
// @ts-expect-error no such field in its data
opened.data.subject;
// @ts-expect-error another event's
const closed: EventOf<typeof TicketClosed> = opened;
console.log(closed);

// A plain JSON Schema carries the type that it is given.
expectTypeOf<DataOf<typeof CallLogged>>().toEqualTypeOf<{ minutes: number; note?: string }>();
CallLogged({ minutes: 3 });
// @ts-expect-error a text is no number
CallLogged({ minutes: "3" });
expectTypeOf<InputOf<ReturnType<typeof jsonSchema<{ a: 1 }>>>>().toEqualTypeOf<{ a: 1 }>();

// Tags and streams are made of the data that the schema gives.
defineEvent("Tagged", {
  schema: z.object({ seat: z.string() }),
  // @ts-expect-error no such field
  tags: (data) => [data.row],
});
defineEvent("Streamed", {
  schema: z.object({ seat: z.string() }),
  // @ts-expect-error a stream is one text
  stream: (data) => [data.seat],
});
defineEvent("Unknown", {
  schema: z.object({ seat: z.string() }),
  // @ts-expect-error no such option
  tag: () => [],
});
// @ts-expect-error without a schema
defineEvent("Empty", {});
// @ts-expect-error no schema
defineEvent("Wrong", { schema: { seat: "string" } });

// Reading gives the current version's data, or null after erasure.
const read = TicketOpened.read({ type: "TicketOpened", schema: 1, data: { subject: "" }, position: 1n });
expectTypeOf(read).toEqualTypeOf<{ ticketId: string; title: string; priority: number } | null>();
// @ts-expect-error it may be null
read.title;

// An event that a definition made is appended as it is, one or several.
expectTypeOf(opened).toExtend<EventInput>();
export const appended = [
  ledger.append("ticket-1", opened),
  ledger.append("ticket-1", [opened, CallLogged({ minutes: 3 }), { type: "Free", data: { any: 1 } }]),
];
// @ts-expect-error a definition is no event
ledger.append("ticket-1", TicketOpened);
