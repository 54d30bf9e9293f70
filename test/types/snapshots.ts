/** Types of snapshots and time travel: compiled, never run. */
import {
  defineProjection,
  defineSnapshots,
  type Ledger,
  query,
  type SnapshotListed,
  type SnapshotTaken,
  type StateAt,
  type StateDiff,
} from "@eventchain/ledger";
import { expectTypeOf } from "vitest";
import { TicketOpened, type TicketState, ticket } from "./definitions.ts";

declare const ledger: Ledger;

// A predicate gets the event, and the state after it.
defineSnapshots(ticket, {
  every: (event, state) => {
    expectTypeOf(state).toEqualTypeOf<TicketState>();
    expectTypeOf(event.type).toEqualTypeOf<string>();
    return true;
  },
});
defineSnapshots(ticket, { every: 100, mode: "sync", streams: "ticket-" });
defineSnapshots(ticket, { every: { ms: 1_000 }, of: query({ types: [TicketOpened] }), branch: "all" });
// @ts-expect-error when is it due?
defineSnapshots(ticket, {});
// @ts-expect-error no such mode
defineSnapshots(ticket, { every: 1, mode: "later" });
// @ts-expect-error no such state
defineSnapshots(ticket, { every: (_, state) => state.nothing === 1 });

// Of a projection: no predicate, and by the worker.
const projection = defineProjection("tickets", { model: ticket });
defineSnapshots(projection, { every: 100 });
defineSnapshots(projection, { every: { ms: 1_000 }, mode: "async" });
// @ts-expect-error rows are no state
defineSnapshots(projection, { every: () => true });
// @ts-expect-error by the worker alone
defineSnapshots(projection, { every: 1, mode: "sync" });

expectTypeOf(ledger.state(ticket, "t", { at: { version: 3n } })).resolves.toEqualTypeOf<TicketState>();
expectTypeOf(ledger.stateAt(ticket, "t", { at: { time: new Date(0) } })).resolves.toEqualTypeOf<StateAt<TicketState>>();
expectTypeOf(ledger.diff(ticket, "t", { from: { version: 1 } })).resolves.toEqualTypeOf<StateDiff<TicketState>>();
// @ts-expect-error from where?
ledger.diff(ticket, "t", { to: { version: 1 } });
// @ts-expect-error one of them
ledger.state(ticket, "t", { at: { moment: 1 } });

expectTypeOf(ledger.snapshot(ticket, "t")).resolves.toEqualTypeOf<SnapshotTaken>();
expectTypeOf(ledger.snapshots()).toEqualTypeOf<AsyncIterable<SnapshotListed>>();

// Views read as the ledger does, and take none.
expectTypeOf(ledger.as("ada").stateAt(ticket, "t")).resolves.toEqualTypeOf<StateAt<TicketState>>();
// @ts-expect-error a snapshot holds what the actor may not see
ledger.as("ada").snapshot;
