import {
  type Bytes,
  bytesToHex,
  emptyRoot,
  equalBytes,
  extendLog,
  formatCheckpoint,
  genesisHash,
  LedgerError,
  type NoteSigner,
  openNote,
  originLine,
  parseCheckpoint,
  rootFromTiles,
  signNote,
  TILE_WIDTH,
  type TileReader,
  tilesForExtend,
  tilesForRoot,
} from "@eventchain/core";
import type { LogStore, SealTransaction } from "@eventchain/store";
import { raiseAlarm, tampered } from "./alarm-error.ts";
import type { Guard, GuardHead } from "./guard/guard.ts";
import { compareGuard, guardMismatch, MAX_BATCH_EVENTS } from "./seal/compare-guard.ts";
import { readBatch } from "./seal/read-batch.ts";

export interface SealDeps {
  log: Pick<LogStore, "seal" | "raiseAlarm" | "halt">;
  guard: Guard;
  /** The signer of an origin line. */
  signerFor(originLine: string): NoteSigner;
}

/** `more`: there are events past `size` already. */
export type SealResult =
  | { kind: "sealed"; fromSize: bigint; size: bigint; root: Bytes; more: boolean }
  | { kind: "nothing" }
  | { kind: "halted"; reason: string };

/** The log as the database has it, found to agree with itself. */
interface LogHead extends GuardHead {
  tiles: TileReader;
  /** The hash that the next event must follow on. */
  lastHash: Bytes;
}

/**
 * Seals a ledger's next events, at most 65,536, or as many as a dead sealer had signed but not committed.
 *
 * Durable order, in one transaction that holds the lock of the ledger's watermarks:
 * 1. events past `sealed_size` are read and their hashes recomputed; nothing is written. A restart begins again.
 * 2. tiles, the signed checkpoint, `sealed_size` and the notification are written, not committed. A restart finds
 *    nothing of them.
 * 3. the guard has the new head: from now on it is taken for signed. A restart finds the guard ahead, reads up to just
 *    its size whatever was appended since, must get its root, and signs the same checkpoint again.
 * 4. commit: the checkpoint is there, readers are told. A restart finds guard and database equal.
 *
 * An event, tile or checkpoint that is not what was stored stops it: LedgerError `tampered` and a standing alarm; good
 * events before the bad one are sealed first. A guard that contradicts the database: LedgerError `guard-mismatch`, an
 * alarm, and the ledger is halted. LedgerError `bad-key`: the signing key is not the ledger's.
 */
export async function sealBatch(deps: SealDeps, input: { ledgerId: bigint }): Promise<SealResult> {
  const { ledgerId } = input;
  try {
    return await deps.log.seal(ledgerId, (transaction) => sealInside(deps, transaction));
  } catch (error) {
    await raiseAlarm(deps.log, ledgerId, error);
    throw error;
  }
}

async function sealInside(deps: SealDeps, transaction: SealTransaction): Promise<SealResult> {
  const { ledger, sealedSize, headPosition } = transaction;
  if (ledger.state === "halted") return { kind: "halted", reason: ledger.stateReason ?? "the ledger is halted" };
  const line = originLine(ledger.origin, ledger.epoch);
  const signer = ownSigner(deps, await transaction.vkeys(), line);
  const head = await readLogHead(transaction, signer);
  const signed = await deps.guard.read(line);
  const leftOver = compareGuard(line, signed, head);
  if (headPosition < sealedSize) {
    throw tampered(`events ${headPosition + 1n} to ${sealedSize} are sealed, but gone`, {
      position: headPosition + 1n,
    });
  }
  if (leftOver !== undefined && headPosition < leftOver.size) {
    throw guardMismatch(line, head, leftOver, "events that were signed are gone");
  }
  if (headPosition === sealedSize) return { kind: "nothing" };

  let to = leftOver?.size ?? headPosition;
  if (to - sealedSize > MAX_BATCH_EVENTS) to = sealedSize + MAX_BATCH_EVENTS;
  const entries = await readBatch(transaction, { lastHash: head.lastHash, to, whole: leftOver !== undefined });
  const extended = extendLog(head.tiles, sealedSize, entries);
  const { size, root, tiles } = extended;
  if (leftOver !== undefined && !equalBytes(root, leftOver.root)) {
    throw guardMismatch(line, { size, root }, leftOver, "another head of this size was signed before");
  }
  const note = signNote(formatCheckpoint({ origin: line, size, root }), signer);
  await transaction.saveTiles(tiles);
  await transaction.saveCheckpoint({ size, root, note });
  await transaction.moveSealedSize(size);
  if (leftOver === undefined) await deps.guard.write(line, { size, root }, signed);
  return { kind: "sealed", fromSize: sealedSize, size, root, more: headPosition > size };
}

/** A log signed with another key than the one that the ledger was opened with would be refused by every checker. */
function ownSigner(deps: SealDeps, vkeys: readonly string[], line: string): NoteSigner {
  const signer = deps.signerFor(line);
  if (vkeys.includes(signer.vkey)) return signer;
  throw new LedgerError("bad-key", `the sealing key is not the one that ${line} was opened with`, {
    values: { origin: line, given: signer.vkey },
  });
}

/** Tiles, newest checkpoint and `sealed_size` must tell the same story, or something was changed behind the sealer. */
async function readLogHead(transaction: SealTransaction, signer: NoteSigner): Promise<LogHead> {
  const { ledger, sealedSize: size } = transaction;
  const checkpoint = await transaction.checkpoint();
  if ((checkpoint?.size ?? 0n) !== size) {
    throw tampered(`the newest checkpoint has size ${checkpoint?.size ?? 0n}, the watermark says ${size}`, { size });
  }
  const genesis = genesisHash(ledger.genesis);
  if (!equalBytes(genesis, ledger.genesisHash)) throw tampered("the genesis does not match its hash", {});
  if (checkpoint === undefined) return { size, root: emptyRoot(), tiles: () => undefined, lastHash: genesis };

  checkNote(checkpoint, signer);
  const width = BigInt(TILE_WIDTH);
  const lastTile = { level: -1, tile: (size - 1n) / width };
  const tiles = await transaction.tiles([...tilesForRoot(size), ...tilesForExtend(size), lastTile]);
  if (!equalBytes(rootFromTiles(tiles, size), checkpoint.root)) {
    throw tampered(`the tiles do not lead to the checkpoint of size ${size}`, {
      size,
      root: bytesToHex(checkpoint.root),
    });
  }
  const offset = Number((size - 1n) % width) * 32;
  const lastHash = tiles(lastTile)?.slice(offset, offset + 32);
  if (lastHash?.length !== 32) throw tampered(`the last entry tile is too short for size ${size}`, { size });
  return { size, root: checkpoint.root, tiles, lastHash };
}

function checkNote(checkpoint: { size: bigint; root: Bytes; note: string }, signer: NoteSigner): void {
  let said: ReturnType<typeof parseCheckpoint>;
  try {
    said = parseCheckpoint(openNote(checkpoint.note, [signer.vkey]).text);
  } catch (error) {
    throw tampered(`the checkpoint of size ${checkpoint.size} is not signed by this ledger's key`, {}, error);
  }
  if (said.origin !== signer.name || said.size !== checkpoint.size || !equalBytes(said.root, checkpoint.root)) {
    throw tampered(`the checkpoint of size ${checkpoint.size} is not the one that was signed`, {
      size: checkpoint.size,
    });
  }
}
