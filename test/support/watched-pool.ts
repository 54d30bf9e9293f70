import pg from "pg";

/** Which statements are watched, by a word of their text. */
const WORDS = { look: "headPosition", append: "append_events" } as const;

export interface WatchedPool {
  pool: pg.Pool;
  /** How many were sent since the last reset. */
  counts: Record<keyof typeof WORDS, number>;
  reset(): void;
  /** Runs, and is awaited, before each append is sent, until it is set to undefined. */
  beforeAppend: (() => Promise<unknown>) | undefined;
  /** As `beforeAppend`, once the server has answered; what it throws is what the append ends in. */
  afterAppend: (() => Promise<unknown>) | undefined;
}

/** A pool that counts looks and appends, and lets a test come between. */
export function watchPool(url: string): WatchedPool {
  const watched: WatchedPool = {
    pool: new pg.Pool({ connectionString: url, max: 10 }),
    counts: { look: 0, append: 0 },
    reset: () => {
      Object.assign(watched, { counts: { look: 0, append: 0 }, beforeAppend: undefined, afterAppend: undefined });
    },
    beforeAppend: undefined,
    afterAppend: undefined,
  };
  watched.pool.on("error", () => undefined);
  watched.pool.on("connect", (client) => {
    // As in database.ts: one that is cut while it is being closed must not end the process.
    client.on("error", () => undefined);
    const query = client.query.bind(client) as (...given: unknown[]) => unknown;
    const append = async (given: unknown[]): Promise<unknown> => {
      await watched.beforeAppend?.();
      const result = await query(...given);
      await watched.afterAppend?.();
      return result;
    };
    client.query = ((...given: unknown[]) => {
      const text = (given[0] as { text?: string } | undefined)?.text ?? "";
      if (text.includes(WORDS.look)) watched.counts.look += 1;
      if (!text.includes(WORDS.append)) return query(...given);
      watched.counts.append += 1;
      return append(given);
    }) as typeof client.query;
  });
  return watched;
}
