import { bytesToHex } from "@eventchain/core";
import type { EventStore, RecordedEvent, Watermarks } from "@eventchain/store";
import { type AwaitDeps, awaitPosition, checkTimeout } from "./await-position.ts";
import type { Gate } from "./open-gate.ts";
import type { EventState, Receipt, ReceiptEvent, WaitOptions } from "./types.ts";

export interface ReceiptDeps extends AwaitDeps {
  store: Pick<EventStore, "watermarks">;
  /** Resolves when a projection has handled a position. */
  projected: (projection: string, position: bigint, options: WaitOptions) => Promise<void>;
  /** What a receipt does, it does through this. */
  gate: Pick<Gate, "run" | "iterate">;
}

/** How far an event at a position has come. */
export function stateAt(position: bigint, watermarks: Watermarks): EventState {
  if (position <= watermarks.finalSize) return "final";
  if (position <= watermarks.anchoredSize) return "anchored";
  return position <= watermarks.sealedSize ? "sealed" : "appended";
}

/**
 * Makes the receipt of events that stand in the database: at least one, in order. What it does is not enumerable: receipts
 * of the same events are equal, and are printed as what they say.
 */
export function makeReceipt(
  deps: ReceiptDeps,
  recorded: { commandId: string | undefined; command: string | undefined; events: readonly ReceiptEvent[] },
): Receipt {
  const { commandId, command, events } = recorded;
  const { gate } = deps;
  const [first, last] = [events[0], events.at(-1)];
  if (first === undefined || last === undefined) throw new Error("a receipt without events");
  const facts = {
    id: commandId ?? first.id,
    status: "recorded" as const,
    ...(commandId === undefined ? {} : { commandId }),
    ...(command === undefined ? {} : { command }),
    events,
  };
  const verbs: Pick<Receipt, "state" | "final" | "progress" | "projected"> = {
    state: () => gate.run(async () => stateAt(last.position, await deps.store.watermarks(deps.ledgerId))),
    final: ({ timeout: timeoutMs, signal } = {}) =>
      gate.run(() => awaitPosition(deps, last.position, { timeoutMs, signal })),
    progress: (options = {}) => gate.iterate(() => followState(deps, last.position, options)),
    projected: (projection, options = {}) => gate.run(() => deps.projected(projection, last.position, options)),
  };
  const hidden = Object.entries(verbs).map(([name, value]) => [name, { value }] as const);
  return Object.defineProperties(facts, Object.fromEntries(hidden)) as Receipt;
}

/** What a receipt says of events that a request recorded; `types`: the request's, in order. */
export function receiptEvents(recorded: readonly RecordedEvent[], types: readonly string[]): ReceiptEvent[] {
  return recorded.map(({ position, version, stream, id, hash, recordedAtMicros }, index) => {
    const type = types[index];
    if (type === undefined) throw new Error("the store recorded more events than it was given");
    return { position, version, stream, type, id, hash: bytesToHex(hash), recordedAtMicros };
  });
}

async function* followState(
  deps: ReceiptDeps,
  position: bigint,
  options: WaitOptions,
): AsyncGenerator<EventState, void, undefined> {
  const timeoutMs = checkTimeout(options.timeout);
  // One deadline for the whole iteration, not one for each step of it.
  const deadline = timeoutMs === undefined ? undefined : performance.now() + timeoutMs;
  let shown: EventState | undefined;
  while (shown !== "final") {
    const before = shown;
    shown = await deps.watch.until(
      (watermarks) => {
        const state = stateAt(position, watermarks);
        return state === before ? undefined : state;
      },
      {
        timeoutMs: deadline === undefined ? undefined : Math.max(0, deadline - performance.now()),
        signal: options.signal,
        what: `position ${position} coming further than ${before ?? "its first state"}`,
        values: { position },
      },
    );
    yield shown;
  }
}
