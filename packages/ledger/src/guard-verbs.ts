import type { Gate } from "./open-gate.ts";
import type { Ledger, LedgerReads, LedgerView } from "./types.ts";

/** A ledger whose verbs all go through a gate, and those of its views. Receipts are for who makes them. */
export function guardLedger(gate: Gate, ledger: Ledger): Ledger {
  return {
    ...guardReads(gate, ledger),
    append: (stream, events, options) => gate.run(() => ledger.append(stream, events, options)),
    execute: (command, input, options) => gate.run(() => ledger.execute(command, input, options)),
    as: (actor) => {
      gate.check();
      return guardView(gate, ledger.as(actor));
    },
    snapshot: (model, stream) => gate.run(() => ledger.snapshot(model, stream)),
    snapshotProjection: (projection) => gate.run(() => ledger.snapshotProjection(projection)),
    snapshots: (branch) => gate.iterate(() => ledger.snapshots(branch)),
    handlers: () => gate.run(() => ledger.handlers()),
    switchHandler: (handler, enabled, options) => gate.run(() => ledger.switchHandler(handler, enabled, options)),
    reactions: () => gate.run(() => ledger.reactions()),
    reactionTasks: (options) => gate.iterate(() => ledger.reactionTasks(options)),
    retryReaction: (which) => gate.run(() => ledger.retryReaction(which)),
    dropReactionTask: (which) => gate.run(() => ledger.dropReactionTask(which)),
    projections: () => gate.run(() => ledger.projections()),
    retryProjection: (name) => gate.run(() => ledger.retryProjection(name)),
    projectionDeadLetters: (name) => gate.run(() => ledger.projectionDeadLetters(name)),
    readProjections: (text, values) => gate.run(() => ledger.readProjections(text, values)),
    projectionAt: (projection, at, read) => gate.run(() => ledger.projectionAt(projection, at, read)),
    diffProjection: (projection, between, read) => gate.run(() => ledger.diffProjection(projection, between, read)),
    watermarks: () => gate.run(() => ledger.watermarks()),
    status: () => gate.run(() => ledger.status()),
    awaitPosition: (position, options) => gate.run(() => ledger.awaitPosition(position, options)),
  };
}

function guardView(gate: Gate, view: LedgerView): LedgerView {
  return {
    ...guardReads(gate, view),
    actor: view.actor,
    execute: (command, input, options) => gate.run(() => view.execute(command, input, options)),
  };
}

function guardReads(gate: Gate, reads: LedgerReads): LedgerReads {
  return {
    origin: reads.origin,
    readStream: (stream, options) => gate.iterate(() => reads.readStream(stream, options)),
    readAll: (options) => gate.iterate(() => reads.readAll(options)),
    query: (query, options) => gate.iterate(() => reads.query(query, options)),
    count: (options) => gate.run(() => reads.count(options)),
    // Each of its steps goes through the gate by itself.
    subscribe: (options) => {
      gate.check();
      return reads.subscribe(options);
    },
    audit: (options) => gate.iterate(() => reads.audit(options)),
    related: (eventId, options) => gate.run(() => reads.related(eventId, options)),
    state: (model, context, options) => gate.run(() => reads.state(model, context, options)),
    stateAt: (model, context, options) => gate.run(() => reads.stateAt(model, context, options)),
    diff: (model, context, options) => gate.run(() => reads.diff(model, context, options)),
    receipt: (commandId) => gate.run(() => reads.receipt(commandId)),
    prove: (event, options) => gate.run(() => reads.prove(event, options)),
  };
}
