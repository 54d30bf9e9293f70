export interface InFlightLimits<T> {
  /** At most so many items are under way. */
  maxItems: number;
  /** At most so many bytes are, but for a single item that is greater. */
  maxBytes: number;
  bytesOf: (item: T) => number;
}

/**
 * Starts work on items as they come, many at a time, and yields the results in the order of the items. What is under way
 * is bounded, so that a slow reader of the results holds the source back. A result does not wait for the next item.
 * @param start never rejects: what may fail is part of its result.
 */
export async function* keepInFlight<T, R>(
  items: AsyncIterable<T>,
  start: (item: T) => Promise<R>,
  { maxItems, maxBytes, bytesOf }: InFlightLimits<T>,
): AsyncGenerator<R> {
  const underWay: { result: Promise<R>; bytes: number }[] = [];
  let bytesUnderWay = 0;
  let source: "open" | "ended" | { failure: unknown } = "open";
  let stopped = false;
  let wakeReader = (): void => undefined;
  let wakeSource = (): void => undefined;

  const full = (): boolean => underWay.length >= maxItems || (bytesUnderWay >= maxBytes && underWay.length > 0);

  async function pull(): Promise<void> {
    try {
      for await (const item of items) {
        if (stopped) return;
        const bytes = bytesOf(item);
        underWay.push({ result: start(item), bytes });
        bytesUnderWay += bytes;
        wakeReader();
        while (full() && !stopped) await new Promise<void>((resolve) => (wakeSource = resolve));
        if (stopped) return;
      }
      source = "ended";
    } catch (failure) {
      source = { failure };
    }
    wakeReader();
  }

  void pull();
  try {
    for (;;) {
      const oldest = underWay[0];
      if (oldest !== undefined) {
        const result = await oldest.result;
        underWay.shift();
        bytesUnderWay -= oldest.bytes;
        wakeSource();
        yield result;
      } else if (source === "open") {
        await new Promise<void>((resolve) => (wakeReader = resolve));
      } else if (source === "ended") {
        return;
      } else {
        throw (source as { failure: unknown }).failure;
      }
    }
  } finally {
    // The source may be waiting for input that never comes: it is told, not awaited.
    stopped = true;
    wakeSource();
  }
}
