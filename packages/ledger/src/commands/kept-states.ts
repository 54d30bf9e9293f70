/** A model's state as of a position. */
interface KeptState {
  readonly state: unknown;
  readonly position: bigint;
}

/**
 * States that the next decision on the same context can start from, the least recently used of them forgotten first. One
 * that is taken is its taker's alone: a reducer that changes a Map of its state in place, which is not frozen, changes
 * nobody else's.
 */
export interface KeptStates {
  take(key: string): KeptState | undefined;
  put(key: string, kept: KeptState): void;
}

export function keepStates(maxStates: number): KeptStates {
  const states = new Map<string, KeptState>();
  return {
    take(key) {
      const kept = states.get(key);
      states.delete(key);
      return kept;
    },
    put(key, kept) {
      states.delete(key);
      states.set(key, kept);
      for (const oldest of states.keys()) {
        if (states.size <= maxStates) break;
        states.delete(oldest);
      }
    },
  };
}
