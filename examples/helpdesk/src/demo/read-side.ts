import { setTimeout as pause } from "node:timers/promises";
import type { Ledger } from "@eventchain/ledger";
import { progress } from "../desk/models.ts";

/** How often the worker's projections are asked how far they are, in milliseconds. */
const LOOK_MS = 50;

/** Waits until every projection of the ledger has seen all of its events. Throws where one stopped, or takes too long. */
export async function projectionsReach(ledger: Ledger, position: bigint, timeoutMs: number): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  for (;;) {
    const all = await ledger.projections();
    const stopped = all.find(({ state }) => state === "stopped");
    if (stopped !== undefined) throw new Error(`the projection ${stopped.name} stopped: ${stopped.reason}`);
    if (all.length > 0 && all.every((each) => each.state === "live" && each.position >= position)) return;
    if (performance.now() > deadlineMs) throw new Error("the projections did not follow in time");
    await pause(LOOK_MS);
  }
}

/** The desk's list, in numbers: as a report tool would read it. */
export async function countOpenTickets(ledger: Ledger): Promise<{ open: bigint; customers: bigint }> {
  const [counted] = await ledger.readProjections<{ open: bigint; customers: bigint }>(
    "select count(*) as open, count(distinct customer) as customers from open_tickets",
  );
  if (counted === undefined) throw new Error("a count has a row");
  return counted;
}

/** What a ticket went through: its status after each of its events. */
export async function statusesOf(ledger: Ledger, ticketId: string): Promise<string[]> {
  const stream = `ticket-${ticketId}`;
  const { version = 0n } = await ledger.stateAt(progress, stream);
  const statuses: string[] = [];
  for (let at = 1n; at <= version; at++)
    statuses.push((await ledger.state(progress, stream, { at: { version: at } })).status);
  return statuses;
}
