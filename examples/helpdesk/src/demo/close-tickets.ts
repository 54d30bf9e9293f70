import { randomUUID } from "node:crypto";
import type { Actor, AnyCommand, CommandInput, ExecuteOptions, Ledger, Receipt } from "@eventchain/ledger";
import * as desk from "../desk/index.ts";

/** Who works in this story. */
const lead: Actor = { id: "Chiara", roles: ["lead"] };

export interface Closing {
  readonly ticketId: string;
  /** Whether the ticket came with the imported history. */
  readonly imported: boolean;
  readonly input: CommandInput<typeof desk.closeTicket>;
  readonly options: ExecuteOptions;
  readonly receipt: Receipt;
}

/** Closes a ticket of the history that is resolved; where there is none, one that is opened and resolved first. */
export async function closeOneTicket(ledger: Ledger): Promise<Closing> {
  const found = await findResolved(ledger);
  const ticketId = found ?? (await openAndResolve(ledger, randomUUID()));
  const input = { ticketId, reason: "The customer is content" };
  const options = { actor: lead, commandId: `close-ticket-${ticketId}`, ip: "192.0.2.7" };
  const receipt = await recorded(ledger, desk.closeTicket, input, options);
  return { ticketId, imported: found !== undefined, input, options, receipt };
}

/** Closes the ticket a second time, as a new command: what the rules say to it. */
export async function closeAgain(ledger: Ledger, { input }: Closing): Promise<string> {
  const receipt = await ledger.execute(desk.closeTicket, input, { actor: lead });
  if (receipt.status !== "rejected" || receipt.code !== "ticket-not-resolved")
    throw new Error("a closed ticket was closed again");
  return `${receipt.code}: ${receipt.reason}`;
}

/** Sends the very command again, with the same id: it is recorded once, and both receipts are the same. */
export async function sendAgain(ledger: Ledger, { input, options, receipt }: Closing): Promise<void> {
  const sizeBefore = await ledger.count();
  const again = await recorded(ledger, desk.closeTicket, input, options);
  if (again.events[0]?.position !== receipt.events[0]?.position || again.events[0]?.hash !== receipt.events[0]?.hash)
    throw new Error("the command sent twice has two receipts");
  if ((await ledger.count()) !== sizeBefore) throw new Error("the command sent twice was recorded twice");
}

/** The newest ticket whose last word is that it is resolved. */
async function findResolved(ledger: Ledger): Promise<string | undefined> {
  const seen = new Set<string>();
  const types = [desk.TicketResolved, desk.TicketClosed, desk.TicketReopened, desk.DuplicateMarked].map(
    ({ type }) => type,
  );
  for await (const event of ledger.readAll({ backwards: true, filter: { types } })) {
    if (seen.has(event.stream)) continue;
    seen.add(event.stream);
    if (!desk.TicketResolved.is(event)) continue;
    const ticketId = event.stream.slice("ticket-".length);
    // A foreign file may resolve what it never opened.
    if ((await ledger.state(desk.ending, event.stream)).subject?.ticketId === ticketId) return ticketId;
  }
  return undefined;
}

async function openAndResolve(ledger: Ledger, ticketId: string): Promise<string> {
  const customer = "Alder Logistics";
  const title = "Printer does not answer";
  await recorded(ledger, desk.openTicket, { ticketId, customer, product: "Portal", title }, { actor: lead });
  await recorded(ledger, desk.assignTicket, { ticketId }, { actor: lead });
  await recorded(ledger, desk.resolveTicket, { ticketId, solution: "It was not plugged in" }, { actor: lead });
  return ticketId;
}

async function recorded<C extends AnyCommand>(
  ledger: Ledger,
  command: C,
  input: CommandInput<C>,
  options: ExecuteOptions,
): Promise<Receipt> {
  const receipt = await ledger.execute(command, input, options);
  if (receipt.status === "rejected") throw new Error(`${command.name} was rejected: ${receipt.code}`);
  return receipt;
}
