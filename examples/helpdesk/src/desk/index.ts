export { access } from "./access.ts";
export { closeTicket, markDuplicate, reopenTicket } from "./commands/end-ticket.ts";
export { openTicket } from "./commands/open-ticket.ts";
export {
  askCustomer,
  assignTicket,
  changeSeriousness,
  recordAnswer,
  resolveTicket,
} from "./commands/work-on-ticket.ts";
export {
  AnswerReceived,
  CustomerAsked,
  DuplicateMarked,
  SeriousnessChanged,
  TicketAssigned,
  TicketClosed,
  TicketOpened,
  TicketReopened,
  TicketResolved,
} from "./events.ts";
export { ending, progress } from "./models.ts";
