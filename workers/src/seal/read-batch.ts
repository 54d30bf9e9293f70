import { type Bytes, equalBytes } from "@eventchain/core";
import type { SealTransaction, StoredEvent } from "@eventchain/store";
import { tampered } from "../alarm-error.ts";
import { checkEvent, type Predecessor } from "./check-event.ts";

/** A seal ends early after so many bytes of text, so that the lock is not held for minutes. */
const MAX_BATCH_BYTES = 256 * 1024 * 1024;

export interface BatchInput {
  /** The hash that the first event must follow on. */
  lastHash: Bytes;
  /** The last position to read. */
  to: bigint;
  /** All of it or an error: a head of just this size was signed already. */
  whole: boolean;
}

/**
 * The hashes of the next events, each recomputed from its stored texts. Only these are kept in memory. Ends before the
 * first event that is not what was appended; with none before it, throws AlarmError `tampered`.
 */
export async function readBatch(transaction: SealTransaction, input: BatchInput): Promise<Bytes[]> {
  const { ledger, sealedSize } = transaction;
  let predecessor = await readPredecessor(transaction, input.lastHash);
  const entries: Bytes[] = [];
  let bytes = 0;
  for await (const page of transaction.events(sealedSize, input.to)) {
    for (const event of page) {
      const difference = checkEvent(event, predecessor, ledger.origin);
      if (difference !== undefined) {
        // The next batch begins with this event, and says so.
        if (entries.length > 0 && !input.whole) return entries;
        throw tamperedEvent(event, difference);
      }
      entries.push(event.hash);
      predecessor = event;
      bytes += (event.data?.length ?? 0) + (event.metadata?.length ?? 0);
    }
    if (bytes > MAX_BATCH_BYTES && !input.whole) return entries;
  }
  if (predecessor.position !== input.to && (input.whole || entries.length === 0)) {
    const position = predecessor.position + 1n;
    throw tampered(`event ${position} is missing`, { position });
  }
  return entries;
}

/** The event before the first one: the genesis, or the last one that was sealed, which must still be there. */
async function readPredecessor(transaction: SealTransaction, lastHash: Bytes): Promise<Predecessor> {
  const position = transaction.sealedSize;
  if (position === 0n) return { position, hash: lastHash, recordedAtMicros: -(2n ** 63n) };
  for await (const [event] of transaction.events(position - 1n, position)) {
    if (event === undefined || !equalBytes(event.hash, lastHash)) break;
    return event;
  }
  throw tampered(`event ${position} is not the one that was sealed`, { position });
}

function tamperedEvent(event: StoredEvent, difference: string): Error {
  return tampered(`event ${event.position} is not what was appended: ${difference}`, {
    position: event.position,
    eventId: event.id,
    stream: event.stream,
  });
}
