import type { Chain, OnChainHead } from "@eventchain/chain";
import { bytesToHex, rootFromTiles, type TileReader, tilesForConsistency, tilesForRoot } from "@eventchain/core";
import type { LedgerContract, LedgerRecord, LogStore, StoredCheckpoint } from "@eventchain/store";
import { AlarmError, tampered } from "../alarm-error.ts";

/** The contract's head and the log's newest checkpoint, found to be of one log. */
export interface ComparedHeads {
  head: OnChainHead;
  checkpoint: StoredCheckpoint;
  /** Holds what the consistency proof between the two needs. */
  tiles: TileReader;
}

function contractAhead(head: OnChainHead, size: bigint): AlarmError {
  return new AlarmError(
    "chain-mismatch",
    `the contract has a head of size ${head.size}, the database one of ${size}: an older backup, or a stranger's head. The ledger is halted until recover`,
    { alarm: "contract-ahead", halts: true, values: { contractSize: head.size, databaseSize: size } },
  );
}

/** Either the contract's head is not ours, or our tiles are not: a checkpoint of just that head tells. */
async function explainOtherRoot(log: LogStore, ledgerId: bigint, head: OnChainHead): Promise<AlarmError> {
  const checkpoint = await log.checkpoint(ledgerId, { size: head.size });
  if (checkpoint !== undefined && `0x${bytesToHex(checkpoint.root)}` === head.root) {
    return tampered(`the tiles do not lead to the anchored head of size ${head.size}`, { size: head.size });
  }
  return new AlarmError(
    "chain-mismatch",
    `the contract's head of size ${head.size} is not of this log: somebody else has the anchoring key`,
    { alarm: "foreign-anchor", values: { size: head.size, root: head.root } },
  );
}

/**
 * Asks the contract for the ledger's head and compares it with the log. A text: why there is nothing that could be
 * anchored now. Undefined: the ledger has neither.
 *
 * Errors: AlarmError `contract-ahead` (halts), `foreign-anchor`, `tampered`; LedgerError `chain-unavailable`.
 */
export async function compareHeads(
  deps: { log: LogStore; chain: Chain },
  ledger: LedgerRecord,
  contract: LedgerContract,
): Promise<ComparedHeads | string | undefined> {
  const head = await deps.chain.registry(contract.contract).head(contract.onchainId);
  // Read after the head: what is anchored was sealed before.
  const checkpoint = await deps.log.checkpoint(ledger.ledgerId);
  if ("kind" in head) return `the ledger is not opened in the contract ${contract.contract} of this chain`;
  if (head.epoch !== ledger.epoch) {
    return `the contract is in epoch ${head.epoch}, the ledger in ${ledger.epoch}: its owner has superseded a head`;
  }
  const size = checkpoint?.size ?? 0n;
  if (head.size > size) throw contractAhead(head, size);
  if (checkpoint === undefined) return undefined;
  const between = head.size === 0n ? [] : [...tilesForRoot(head.size), ...tilesForConsistency(head.size, size)];
  const tiles = await deps.log.tiles(ledger.ledgerId, [...tilesForRoot(size), ...between]);
  const root = rootFromTiles(tiles, size);
  if (bytesToHex(root) !== bytesToHex(checkpoint.root)) {
    throw tampered(`the tiles do not lead to the checkpoint of size ${size}`, { size });
  }
  if (head.size > 0n && `0x${bytesToHex(rootFromTiles(tiles, head.size))}` !== head.root) {
    throw await explainOtherRoot(deps.log, ledger.ledgerId, head);
  }
  return { head, checkpoint, tiles };
}
