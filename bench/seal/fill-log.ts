import { extendLog, formatCheckpoint, sha256, signerFromSeed, signNote, tilesForExtend, utf8 } from "@eventchain/core";
import type { LogStore } from "@eventchain/store";
import { makeEntries } from "../merkle/make-entries.ts";

/** As many entries as a seal takes. */
const BATCH = 65_536;

/**
 * A log of so many invented event hashes, by the log's own functions: tiles and signed checkpoints, without the events.
 * Gives the hashes, one after the other.
 */
export async function fillLog(log: LogStore, ledgerId: bigint, origin: string, size: number): Promise<Uint8Array> {
  const signer = signerFromSeed(origin, sha256(utf8(origin)));
  const entries = makeEntries(size);
  for (let from = 0; from < size; from += BATCH) {
    await log.seal(ledgerId, async (transaction) => {
      const tiles = await transaction.tiles(tilesForExtend(BigInt(from)));
      const extended = extendLog(tiles, BigInt(from), entries.subarray(32 * from, 32 * (from + BATCH)));
      await transaction.saveTiles(extended.tiles);
      const note = signNote(formatCheckpoint({ origin, ...extended }), signer);
      await transaction.saveCheckpoint({ size: extended.size, root: extended.root, note });
      await transaction.moveSealedSize(extended.size);
    });
  }
  return entries;
}
