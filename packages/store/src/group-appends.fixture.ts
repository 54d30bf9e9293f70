import type { AppendOutcome, AppendRequest, EventStore } from "./port.ts";
import { newEvent } from "./testing/harness.ts";

interface Call {
  ledgerId: bigint;
  names: string[];
  succeed(): void;
  fail(error: unknown): void;
}

export const nameOf = (request: AppendRequest): string => request.events[0]?.stream ?? "";
export const outcomeOf = (name: string): AppendOutcome => ({ outcome: "command-id-reused", commandId: name });
export const named = (name: string, count = 1, data = "{}"): AppendRequest => ({
  events: Array.from({ length: count }, () => newEvent({ stream: name, data })),
  expected: [],
});

/** A store whose calls stay open until the test ends them. */
export function openStore(): { store: Pick<EventStore, "append">; calls: Call[] } {
  const calls: Call[] = [];
  const store = {
    append(ledgerId: bigint, requests: readonly AppendRequest[]): Promise<AppendOutcome[]> {
      const { promise, resolve, reject } = Promise.withResolvers<AppendOutcome[]>();
      const names = requests.map(nameOf);
      calls.push({ ledgerId, names, succeed: () => resolve(names.map(outcomeOf)), fail: reject });
      return promise;
    },
  };
  return { store, calls };
}

/** Lets everything happen that is due without the outside. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A request whose condition names so many tags. */
export const conditioned = (name: string, names: number): AppendRequest => ({
  ...named(name),
  condition: { failIfEventsMatch: [{ tags: Array.from({ length: names }, (_, n) => `t-${n}`) }] },
});
