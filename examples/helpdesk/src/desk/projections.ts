import { defineProjection, type ProjectedEvent, type ProjectionDb } from "@eventchain/ledger";
import {
  AnswerReceived,
  CustomerAsked,
  DuplicateMarked,
  TicketAssigned,
  TicketClosed,
  TicketOpened,
  TicketReopened,
  TicketResolved,
} from "./events.ts";
import { workload } from "./models.ts";

type OfTicket = ProjectedEvent<string, { ticketId: string }>;

const setStatus = (status: string) => (event: OfTicket, db: ProjectionDb) =>
  db.query("update tickets set status = $2, since = to_timestamp($3::float8 / 1000000) where ticket_id = $1", [
    event.data.ticketId,
    status,
    event.recordedAtMicros,
  ]);

/** Every ticket as it stands, and of those that are open a view: what the desk's list and its reports read. */
export const tickets = defineProjection("tickets", {
  describe: "Every ticket, as it stands.",
  schema: `
    create table tickets (
      ticket_id text primary key,
      customer  text not null,
      product   text not null,
      status    text not null,
      agent     text,
      since     timestamptz not null
    );
    create index tickets_customer on tickets (customer);
    comment on column tickets.status is 'new, assigned, waiting, resolved, closed or duplicate';
    comment on column tickets.agent is 'who looks after it; null before it was assigned';
    comment on column tickets.since is 'when it came to this status';
    create view open_tickets as
      select ticket_id, customer, product, status, agent, since from tickets where status not in ('closed', 'duplicate');
    comment on view open_tickets is 'Every ticket that somebody still has to look after.';
  `,
})
  .on(TicketOpened, ({ data, recordedAtMicros }, db) =>
    db.query(
      `insert into tickets (ticket_id, customer, product, status, since)
       values ($1, $2, $3, 'new', to_timestamp($4::float8 / 1000000)) on conflict do nothing`,
      [data.ticketId, data.customer, data.product, recordedAtMicros],
    ),
  )
  .on(TicketAssigned, async (event, db) => {
    await setStatus("assigned")(event, db);
    await db.query("update tickets set agent = $2 where ticket_id = $1", [event.data.ticketId, event.data.agent]);
  })
  .on(CustomerAsked, setStatus("waiting"))
  .on(AnswerReceived, setStatus("assigned"))
  .on(TicketResolved, setStatus("resolved"))
  .on(TicketReopened, setStatus("assigned"))
  .on(TicketClosed, setStatus("closed"))
  .on(DuplicateMarked, setStatus("duplicate"));

/** What each customer's tickets came to: a model, kept as a row for each key. */
export const customers = defineProjection("customers", {
  describe: "What each customer's tickets came to.",
  model: workload,
  key: (event) => (event.data as { customer: string }).customer,
});
