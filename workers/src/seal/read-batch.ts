import { type Bytes, equalBytes } from "@eventchain/core";
import { decodeEventRow, type SealTransaction, type StoredEvent } from "@eventchain/store";
import { tampered } from "../alarm-error.ts";
import type { Predecessor } from "./check-event.ts";
import { openRowCheck } from "./check-rows.ts";

const HASH_BYTES = 32;

/** A seal ends early after so many bytes of events, so that the lock is not held for minutes. */
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
 * The hashes of the next events, each recomputed from its stored texts: 32 bytes each. Only these are kept in memory. Ends
 * before the first event that is not what was appended; with none before it, throws AlarmError `tampered`.
 */
export async function readBatch(transaction: SealTransaction, input: BatchInput): Promise<Bytes> {
  const { ledger, sealedSize } = transaction;
  const checkRows = openRowCheck(ledger.origin);
  let predecessor = await readPredecessor(transaction, input.lastHash);
  const entries = new Uint8Array(HASH_BYTES * Number(input.to - sealedSize));
  let [end, bytes] = [0, 0];
  for await (const rows of transaction.events(sealedSize, input.to)) {
    const { hashes, refused } = checkRows(rows, predecessor);
    entries.set(hashes, end);
    end += hashes.length;
    if (refused !== undefined) {
      // The next batch begins with this event, and says so.
      if (end > 0 && !input.whole) break;
      throw tamperedEvent(refused.event, refused.difference);
    }
    predecessor = decodeEventRow(rows, rows.count - 1);
    bytes += rows.bytes.length;
    if (bytes > MAX_BATCH_BYTES && !input.whole) break;
  }
  if (end < entries.length && (input.whole || end === 0)) {
    const position = sealedSize + BigInt(end / HASH_BYTES) + 1n;
    throw tampered(`event ${position} is missing`, { position });
  }
  return entries.subarray(0, end);
}

/** The event before the first one: the genesis, or the last one that was sealed, which must still be there. */
async function readPredecessor(transaction: SealTransaction, lastHash: Bytes): Promise<Predecessor> {
  const position = transaction.sealedSize;
  if (position === 0n) return { position, hash: lastHash, recordedAtMicros: -(2n ** 63n) };
  for await (const rows of transaction.events(position - 1n, position)) {
    const event = decodeEventRow(rows, 0);
    if (!equalBytes(event.hash, lastHash)) break;
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
