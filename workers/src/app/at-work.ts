import { AsyncLocalStorage } from "node:async_hooks";

/** Whose work it is: what an error that nobody awaits is laid to. */
export interface AtWork {
  readonly origin: string;
  readonly role: string;
  /** The handler, where one is at work. */
  readonly handler?: string;
}

const working = new AsyncLocalStorage<AtWork>();

/** Runs work, and all that it starts, under the name of whose it is. */
export function atWork<T>(whose: AtWork, work: () => T): T {
  return working.run(whose, work);
}

/** The same, with the handler's name added; without a round around it, the work alone. */
export function asHandler<T>(handler: string, work: () => T): T {
  const round = working.getStore();
  return round === undefined ? work() : working.run({ ...round, handler }, work);
}

/** Whose work this is a part of; undefined where nobody said. */
export function whoseWork(): AtWork | undefined {
  return working.getStore();
}
