import { setTimeout as pause } from "node:timers/promises";
import { projectOnce, replayProjection } from "@eventchain/ledger";
import { benchEvent } from "../harness/events.ts";
import { appendEvent } from "../harness/fill-ledger.ts";
import { type Counter, countOf, recordOf, type Setting } from "./open-setting.ts";

/** Events that arrive in a second meanwhile. */
const RATE = 100;
const KEEP_MS = 200;
const READ_MS = 100;
let appended = 0;

/**
 * Builds a live projection anew while events arrive, the live build is kept, and its view is read: each read has all events
 * that the one before had, or it fails. Gives how many events were applied.
 */
export async function rebuildLive(on: Setting, counter: Counter): Promise<bigint> {
  const done = new AbortController();
  const beside = [appendOn(on, done.signal), keepLive(on, counter, done.signal), readOn(on, counter, done.signal)];
  try {
    // What fails beside is not hidden by a replay that goes on.
    const replayed = await Promise.race([replayProjection(on, counter.projection), Promise.all(beside)]);
    if ("events" in replayed) return replayed.events;
    throw new Error("the replay ends first");
  } finally {
    done.abort();
    await Promise.all(beside);
  }
}

async function appendOn({ ledger }: Setting, done: AbortSignal): Promise<void> {
  while (!done.aborted) {
    appended += 1;
    await Promise.all([appendEvent(ledger, benchEvent("rebuild", appended)), pause(1_000 / RATE)]);
  }
}

async function keepLive(on: Setting, { projection }: Counter, done: AbortSignal): Promise<void> {
  while (!done.aborted) {
    const { record, headPosition } = await recordOf(on, projection);
    // The replay has the build that is on its way.
    if (record !== undefined) await projectOnce(on, projection, { ...record, building: null }, headPosition);
    await pause(KEEP_MS);
  }
}

async function readOn(on: Setting, counter: Counter, done: AbortSignal): Promise<void> {
  let last = 0n;
  while (!done.aborted) {
    const events = await countOf(on, counter);
    if (events < last) throw new Error(`a read gave ${events} events after one of ${last}`);
    last = events;
    await pause(READ_MS);
  }
}
