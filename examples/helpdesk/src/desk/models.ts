import { defineModel } from "@eventchain/ledger";
import {
  AnswerReceived,
  CustomerAsked,
  DuplicateMarked,
  SeriousnessChanged,
  type Subject,
  subjectOf,
  TicketAssigned,
  TicketClosed,
  TicketOpened,
  TicketReopened,
  TicketResolved,
} from "./events.ts";

interface Progress {
  /** Undefined: there is no such ticket. */
  subject: Subject | undefined;
  status: "new" | "assigned" | "waiting" | "resolved" | "closed" | "duplicate";
  agent: string | undefined;
}

/** Where a ticket stands, and with whom: what the commands of its daily work decide on. */
export const progress = defineModel<Progress>("progress", {
  describe: "Where a ticket stands, and with whom.",
  initial: () => ({ subject: undefined, status: "new", agent: undefined }),
})
  .on(TicketOpened, (state, { data }) => ({ ...state, subject: subjectOf(data) }))
  .on(TicketAssigned, (state, { data }) => ({ ...state, status: "assigned", agent: data.agent }))
  .on(CustomerAsked, (state) => ({ ...state, status: "waiting" }))
  .on(AnswerReceived, (state) => ({ ...state, status: "assigned" }))
  .on(TicketResolved, (state) => ({ ...state, status: "resolved" }))
  .on(TicketReopened, (state) => ({ ...state, status: "assigned" }))
  .on(TicketClosed, (state) => ({ ...state, status: "closed" }))
  .on(DuplicateMarked, (state) => ({ ...state, status: "duplicate" }));

interface Seriousness {
  subject: Subject | undefined;
  ended: boolean;
  seriousness: string;
}

/** How serious a ticket is, while it can still change: all that ChangeSeriousness asks. */
export const seriousness = defineModel<Seriousness>("seriousness", {
  describe: "How serious a ticket is, while it can still change.",
  initial: () => ({ subject: undefined, ended: false, seriousness: "" }),
})
  .on(TicketOpened, (state, { data }) => ({ ...state, subject: subjectOf(data), seriousness: data.seriousness }))
  .on(SeriousnessChanged, (state, { data }) => ({ ...state, seriousness: data.seriousness }))
  .on(TicketReopened, (state) => ({ ...state, ended: false }))
  .on(TicketClosed, (state) => ({ ...state, ended: true }))
  .on(DuplicateMarked, (state) => ({ ...state, ended: true }));

export interface Ending {
  subject: Subject | undefined;
  status: "open" | "resolved" | "closed" | "duplicate";
  /** Microseconds since 1970-01-01 UTC of its newest end; 0 where it had none. */
  endedAtMicros: bigint;
}

/** Whether a ticket has come to its end, and when: what closing, reopening and marking duplicates decide on. */
export const ending = defineModel<Ending>("ending", {
  describe: "Whether a ticket has come to its end, and when.",
  initial: () => ({ subject: undefined, status: "open", endedAtMicros: 0n }),
})
  .on(TicketOpened, (state, { data }) => ({ ...state, subject: subjectOf(data) }))
  .on(TicketResolved, (state, event) => ({ ...state, status: "resolved", endedAtMicros: event.recordedAtMicros }))
  .on(TicketClosed, (state, event) => ({ ...state, status: "closed", endedAtMicros: event.recordedAtMicros }))
  .on(TicketReopened, (state) => ({ ...state, status: "open" }))
  .on(DuplicateMarked, (state) => ({ ...state, status: "duplicate" }));

/** Which ticket has a customer's reference number. */
export const referenceHolder = defineModel<string | undefined>("referenceHolder", {
  describe: "The ticket that has a customer's reference number.",
  initial: () => undefined,
}).on(TicketOpened, (_, { data }) => data.ticketId);

interface Workload {
  opened: number;
  closed: number;
  reopened: number;
}

/** What a customer's tickets came to, in numbers. */
export const workload = defineModel<Workload>("workload", {
  describe: "How many tickets were opened, closed and reopened.",
  initial: () => ({ opened: 0, closed: 0, reopened: 0 }),
})
  .on(TicketOpened, (state) => ({ ...state, opened: state.opened + 1 }))
  .on(TicketClosed, (state) => ({ ...state, closed: state.closed + 1 }))
  .on(TicketReopened, (state) => ({ ...state, reopened: state.reopened + 1 }));
