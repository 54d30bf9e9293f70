import type { Sample } from "./types.ts";

/**
 * So many callers at once, each doing one thing after the other until the time is over; what is under way then is waited
 * for, and counts. Gives each call's latency.
 *
 * @param act told its number, 0, 1, 2 … over all callers; resolves to how much it has done (default 1)
 */
export async function measureCallers(
  callers: number,
  seconds: number,
  // biome-ignore lint/suspicious/noConfusingVoidType: most acts have nothing to say
  act: (number: number) => Promise<number | void>,
): Promise<Sample & { latenciesMs: readonly number[] }> {
  const latenciesMs: number[] = [];
  let [number, count] = [0, 0];
  const startMs = performance.now();
  const endMs = startMs + seconds * 1_000;
  async function call(): Promise<void> {
    let beginMs = performance.now();
    while (beginMs < endMs) {
      const own = number;
      number += 1;
      const done = await act(own);
      count += done ?? 1;
      const nowMs = performance.now();
      latenciesMs.push(nowMs - beginMs);
      beginMs = nowMs;
    }
  }
  await Promise.all(Array.from({ length: callers }, call));
  return { count, seconds: (performance.now() - startMs) / 1_000, latenciesMs };
}
