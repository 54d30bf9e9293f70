import type { EventStore, Watermarks } from "@eventchain/store";
import { type AwaitDeps, awaitPosition, checkTimeout } from "./await-position.ts";
import type { EventState, Receipt, ReceiptEvent, WaitOptions } from "./types.ts";

export interface ReceiptDeps extends AwaitDeps {
  store: Pick<EventStore, "watermarks">;
}

/** How far an event at a position has come. */
export function stateAt(position: bigint, watermarks: Watermarks): EventState {
  if (position <= watermarks.finalSize) return "final";
  if (position <= watermarks.anchoredSize) return "anchored";
  return position <= watermarks.sealedSize ? "sealed" : "appended";
}

/** Makes the receipt of events that stand in the database: at least one, in order. */
export function makeReceipt(
  deps: ReceiptDeps,
  recorded: { commandId: string | undefined; duplicate: boolean; events: readonly ReceiptEvent[] },
): Receipt {
  const { commandId, duplicate, events } = recorded;
  const [first, last] = [events[0], events.at(-1)];
  if (first === undefined || last === undefined) throw new Error("a receipt without events");
  return {
    id: commandId ?? first.id,
    status: "recorded",
    ...(commandId === undefined ? {} : { commandId }),
    duplicate,
    events,
    state: async () => stateAt(last.position, await deps.store.watermarks(deps.ledgerId)),
    final: (options: WaitOptions = {}) =>
      awaitPosition(deps, last.position, { timeoutMs: options.timeout, signal: options.signal }),
    progress: (options: WaitOptions = {}) => followState(deps, last.position, options),
  };
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
