import { setTimeout as pause } from "node:timers/promises";
import type { Ledger } from "@eventchain/ledger";
import type { Sample } from "../harness/types.ts";

/** How often the loads' appends are sent. */
const TICK_MS = 5;
/** Events in a second below which each is sent after the one before, at another point of the poller's pause. */
const SLOW_RATE = 10;

/** Milliseconds, by the number of the event. */
interface Times {
  committed: number[];
  handled: number[];
}

/**
 * How long after an append's commit is known a live subscriber has its event, at so many events a second. Writer and
 * subscriber have a connection each, as two processes would; the clock is one process's monotonic one. A latency is below 0
 * where the subscriber has heard before the writer.
 */
export async function measureLive(writer: Ledger, reader: Ledger, rate: number, seconds: number): Promise<Sample> {
  const times: Times = { committed: [], handled: [] };
  const total = Math.max(1, Math.round(rate * seconds));
  await using subscription = reader.subscribe({ from: "now" });
  const next = subscription.next();
  while (!subscription.isLive) await pause(1);
  let handled = 0;
  const handling = (async () => {
    for (let step = await next; step.done !== true; step = await subscription.next()) {
      times.handled[(step.value.data as { n: number }).n] = performance.now();
      handled += 1;
      if (handled === total) return;
    }
  })();
  const startMs = performance.now();
  await (rate < SLOW_RATE ? appendSlowly : appendSteadily)(writer, rate, total, times);
  const sentMs = performance.now() - startMs;
  await handling;
  const latenciesMs = times.handled.map((at, n) => at - (times.committed[n] ?? Number.NaN));
  return { count: total, seconds: sentMs / 1_000, latenciesMs };
}

async function append(ledger: Ledger, n: number, { committed }: Times): Promise<void> {
  await ledger.append(`s-${n % 50}`, { type: "Measured", data: { n } });
  committed[n] = performance.now();
}

async function appendSlowly(ledger: Ledger, rate: number, total: number, times: Times): Promise<void> {
  for (let n = 0; n < total; n += 1) {
    await pause((1_000 / rate) * (0.5 + Math.random()));
    await append(ledger, n, times);
  }
}

/** As many as are due, whether or not those before have been answered. */
async function appendSteadily(ledger: Ledger, rate: number, total: number, times: Times): Promise<void> {
  const startMs = performance.now();
  const appends: Promise<void>[] = [];
  while (appends.length < total) {
    const due = Math.min(total, ((performance.now() - startMs) / 1_000) * rate);
    while (appends.length < due) appends.push(append(ledger, appends.length, times));
    await pause(TICK_MS);
  }
  await Promise.all(appends);
}
