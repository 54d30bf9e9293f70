import type { Sample } from "../harness/types.ts";

/** Makes `count` calls, `callers` of them at once, and takes the time of each. */
export async function measureCalls(
  callers: number,
  count: number,
  call: (number: number) => Promise<unknown>,
): Promise<Sample> {
  const latenciesMs: number[] = [];
  let next = 0;
  const caller = async (): Promise<void> => {
    while (next < count) {
      const number = next;
      next += 1;
      const startMs = performance.now();
      await call(number);
      latenciesMs.push(performance.now() - startMs);
    }
  };
  const startMs = performance.now();
  await Promise.all(Array.from({ length: callers }, caller));
  return { count, seconds: (performance.now() - startMs) / 1_000, latenciesMs };
}

/** Makes calls for so many windows of `windowMs`, and gives how many ended in each. */
export async function measureWindows(
  callers: number,
  windows: number,
  windowMs: number,
  call: () => Promise<unknown>,
): Promise<{ sample: Sample; perWindow: number[] }> {
  const perWindow = Array.from({ length: windows }, () => 0);
  const latenciesMs: number[] = [];
  const startMs = performance.now();
  const endMs = startMs + windows * windowMs;
  const caller = async (): Promise<void> => {
    for (let beginMs = performance.now(); beginMs < endMs; beginMs = performance.now()) {
      await call();
      const nowMs = performance.now();
      const window = Math.floor((nowMs - startMs) / windowMs);
      if (window >= windows) return;
      perWindow[window] = (perWindow[window] ?? 0) + 1;
      latenciesMs.push(nowMs - beginMs);
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  const count = perWindow.reduce((sum, each) => sum + each, 0);
  return { sample: { count, seconds: (windows * windowMs) / 1_000, latenciesMs }, perWindow };
}
