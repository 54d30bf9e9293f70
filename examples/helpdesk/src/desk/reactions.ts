import { defineReaction } from "@eventchain/ledger";
import { closeTicket } from "./commands/end-ticket.ts";
import { TicketResolved } from "./events.ts";
import { ending } from "./models.ts";

const DAY_MS = 86_400_000;

/** A solution that nobody objects to for three days is accepted. */
export const closeResolved = defineReaction("close-resolved", {
  describe: "Closes a ticket three days after its resolution, unless it was reopened.",
  model: ending,
}).onTimeout(TicketResolved, { afterMs: 3 * DAY_MS }, async ({ data, recordedAtMicros }, { state, execute }) => {
  // Reopened meanwhile, and perhaps resolved again: then the newer resolution has a time-out of its own.
  if (state.status !== "resolved" || state.endedAtMicros !== recordedAtMicros) return;
  const actor = { id: "reaction:close-resolved", roles: ["lead"] };
  await execute(closeTicket, { ticketId: data.ticketId, reason: "resolved for three days" }, { actor });
});
