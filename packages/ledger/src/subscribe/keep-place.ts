import { LedgerError } from "@eventchain/core";
import type { CheckpointStore, StoredCursor } from "@eventchain/store";

/** A named checkpoint, as one run of one reader has it. */
export interface KeptPlace {
  /** Reads where it stands; undefined: it is new. To be called before `keep`. */
  load(): Promise<StoredCursor | undefined>;
  /** Moves it forward; what it has passed already is kept. One move after the other. Errors: as `Subscription.checkpoint`. */
  keep(cursor: StoredCursor): Promise<void>;
}

/**
 * 1. the server's commit of the move. Where its answer was lost, the same move again is no conflict: the row names the run
 *    that moved it. After a restart the reader begins at the last move, so that events past it are given once more.
 */
export function keepPlace(
  { checkpoints, ledgerId }: { checkpoints: CheckpointStore; ledgerId: bigint },
  name: string,
  reader: Uint8Array,
): KeptPlace {
  let known: StoredCursor | undefined;
  let last: Promise<unknown> = Promise.resolve();

  async function move(to: StoredCursor): Promise<void> {
    if (known !== undefined && to.position <= known.position) return;
    const outcome = await checkpoints.move(ledgerId, name, { from: known, to, reader });
    if (outcome === "moved") {
      known = to;
      return;
    }
    const values = { checkpoint: name, position: to.position };
    if (outcome === "forked")
      throw new LedgerError("forked", `the event at position ${to.position} is not in the ledger's history any more`, {
        values,
      });
    throw new LedgerError(
      "conflict",
      `somebody else has moved the checkpoint ${JSON.stringify(name)}: one reader at a time owns a name. ` +
        "Subscribe again to go on from where it stands",
      { values },
    );
  }

  return {
    async load() {
      known = await checkpoints.find(ledgerId, name);
      return known;
    },
    keep(cursor) {
      const moving = last.then(() => move(cursor));
      last = moving.catch(() => undefined);
      return moving;
    },
  };
}
