/** Whether a reader has caught up, as what it does tells. */
export interface Lag {
  readonly isLive: boolean;
  /** At each look: how many positions there are past the reader's place. */
  looked(behind: bigint): void;
  /** Before an event is given: how many positions of the range follow it. */
  giving(behind: bigint): void;
  /** A range has been read to where it ends: how many positions past the place were not given. */
  ended(behind: bigint): void;
}

/** Of a reader of every event: live once nothing is left, until more positions are left than are read ahead. */
export function watchPositions(readAhead: number): Lag {
  let isLive = false;
  const tell = (behind: bigint): void => {
    isLive = behind === 0n || (isLive && behind <= BigInt(readAhead));
  };
  return {
    get isLive() {
      return isLive;
    },
    looked: tell,
    giving: tell,
    ended: tell,
  };
}

/**
 * Of a reader of some events: live once a range has been read to its end, until one gives more events than are read ahead.
 * What it says follows from the events given alone, never from how many positions lie between them: those may be of events
 * that the reader must not know of, and they come and go without a trace.
 */
export function watchGiven(readAhead: number): Lag {
  let isLive = false;
  let given = 0;
  const caughtUp = (behind: bigint): void => {
    if (behind !== 0n) return;
    isLive = true;
    given = 0;
  };
  return {
    get isLive() {
      return isLive;
    },
    looked: caughtUp,
    giving() {
      given += 1;
      isLive &&= given <= readAhead;
    },
    ended: caughtUp,
  };
}
