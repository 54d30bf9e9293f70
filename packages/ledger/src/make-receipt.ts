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
 * What a receipt says is its own and enumerable, what it does is neither: receipts of the same events are equal, and are
 * printed as what they say. A verb is made when it is asked for, as few are, and may be taken off its receipt.
 */
class RecordedReceipt implements Receipt {
  readonly id: string;
  readonly status = "recorded" as const;
  declare readonly commandId?: string;
  declare readonly command?: string;
  declare readonly events: readonly ReceiptEvent[];
  readonly #deps: ReceiptDeps;
  readonly #position: bigint;

  constructor(
    deps: ReceiptDeps,
    {
      commandId,
      command,
      events,
    }: { commandId: string | undefined; command: string | undefined; events: readonly ReceiptEvent[] },
  ) {
    const [first, last] = [events[0], events.at(-1)];
    if (first === undefined || last === undefined) throw new Error("a receipt without events");
    this.id = commandId ?? first.id;
    if (commandId !== undefined) this.commandId = commandId;
    if (command !== undefined) this.command = command;
    this.events = events;
    this.#deps = deps;
    this.#position = last.position;
  }

  get state(): Receipt["state"] {
    const [deps, position] = [this.#deps, this.#position];
    return () => deps.gate.run(async () => stateAt(position, await deps.store.watermarks(deps.ledgerId)));
  }

  get final(): Receipt["final"] {
    const [deps, position] = [this.#deps, this.#position];
    return ({ timeout: timeoutMs, signal } = {}) =>
      deps.gate.run(() => awaitPosition(deps, position, { timeoutMs, signal }));
  }

  get progress(): Receipt["progress"] {
    const [deps, position] = [this.#deps, this.#position];
    return (options = {}) => deps.gate.iterate(() => followState(deps, position, options));
  }

  get projected(): Receipt["projected"] {
    const [deps, position] = [this.#deps, this.#position];
    return (projection, options = {}) => deps.gate.run(() => deps.projected(projection, position, options));
  }
}

// Whoever compares or prints a receipt sees a plain object.
Object.defineProperty(RecordedReceipt.prototype, "constructor", { value: Object });

/** Makes the receipt of events that stand in the database: at least one, in order. */
export function makeReceipt(
  deps: ReceiptDeps,
  recorded: { commandId: string | undefined; command: string | undefined; events: readonly ReceiptEvent[] },
): Receipt {
  return new RecordedReceipt(deps, recorded);
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
