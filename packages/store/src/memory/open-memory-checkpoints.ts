import { equalBytes } from "@eventchain/core";
import { type CheckpointMove, type CheckpointStore, checkCheckpointName, type StoredCursor } from "../checkpoints.ts";
import type { EventStore } from "../port.ts";

type Kept = StoredCursor & Pick<CheckpointMove, "reader">;

/** The checkpoints of subscriptions in this process's memory, beside the store that has the events. */
export function openMemoryCheckpoints(store: Pick<EventStore, "hashAt">): CheckpointStore {
  const kept = new Map<string, Kept>();
  const keyOf = (ledgerId: bigint, name: string): string => `${ledgerId} ${name}`;
  return {
    async find(ledgerId, name) {
      checkCheckpointName(name);
      const found = kept.get(keyOf(ledgerId, name));
      return found && { position: found.position, hash: found.hash.slice() };
    },
    async move(ledgerId, name, { from, to, reader }) {
      checkCheckpointName(name);
      const hash = to.position < 1n ? undefined : await store.hashAt(ledgerId, to.position);
      if (hash === undefined || !equalBytes(hash, to.hash)) return "forked";
      const key = keyOf(ledgerId, name);
      const now = kept.get(key);
      const isOwn = now !== undefined && equalBytes(now.reader, reader);
      const asKnown = now === undefined || from === undefined ? now === from : isAt(now, from);
      const isForward = now === undefined || now.position < to.position;
      if (!(isOwn && isAt(now, to)) && !((isOwn || asKnown) && isForward)) return "conflict";
      kept.set(key, { position: to.position, hash, reader: reader.slice() });
      return "moved";
    },
  };
}

function isAt(now: StoredCursor, cursor: StoredCursor): boolean {
  return now.position === cursor.position && equalBytes(now.hash, cursor.hash);
}
