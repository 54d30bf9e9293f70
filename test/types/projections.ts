/** Types of projections: compiled, never run. */
import {
  defineProjection,
  type Ledger,
  type ProjectedEvent,
  type Projection,
  type ProjectionStatus,
  type Receipt,
} from "@eventchain/ledger";
import { expectTypeOf } from "vitest";
import { TicketClosed, TicketOpened, ticket } from "./definitions.ts";

declare const ledger: Ledger;
declare const receipt: Receipt;

const tickets = defineProjection("tickets", { schema: "create table tickets (id text)" });
expectTypeOf(tickets).toEqualTypeOf<Projection>();

// A handler gets its own event; what it gives back, a promise of rows say, is nothing to it.
tickets.on(TicketOpened, (event, db) => {
  expectTypeOf(event).toEqualTypeOf<
    ProjectedEvent<"TicketOpened", { ticketId: string; title: string; priority: number }>
  >();
  return db.query("insert into tickets values ($1)", [event.data.ticketId]);
});
// @ts-expect-error no such field in its data
tickets.on(TicketClosed, ({ data }) => data.title);

// A batch is of any of its events, told apart by their types.
tickets.onBatch([TicketOpened, TicketClosed], (events) => {
  for (const event of events) {
    if (event.type === "TicketOpened") expectTypeOf(event.data.title).toEqualTypeOf<string>();
    // @ts-expect-error a closed ticket has no title
    else event.data.title;
  }
});

// A projection has a schema, or a model.
defineProjection("models", { model: ticket, key: ({ stream }) => stream });
// @ts-expect-error neither
defineProjection("none", {});
// @ts-expect-error its mode is one of two
defineProjection("none", { schema: "…", mode: "sync" });

// Rows are what their reader says.
expectTypeOf(ledger.readProjections<{ id: string }>("select id from tickets")).resolves.toEqualTypeOf<
  { id: string }[]
>();
expectTypeOf(
  ledger.projectionAt(tickets, { position: 3n }, async (db) => (await db.query("select 1")).length),
).resolves.toEqualTypeOf<number>();
expectTypeOf(ledger.projections()).resolves.toEqualTypeOf<ProjectionStatus[]>();
expectTypeOf(receipt.projected("tickets", { timeout: 5_000 })).resolves.toEqualTypeOf<void>();
