import { hexToBytes } from "@eventchain/core";
import { statement } from "../database/load-statement.ts";
import type { Snapshot } from "../database/open-snapshot.ts";
import type { Pin, RootComparison } from "../log/compare-roots.ts";
import type { WalkedLog } from "../log/walk-log.ts";
import { isSigned } from "./judge-log.ts";

const anchorKnown = statement("anchor-known");
const anchorSequence = statement("anchor-sequence");

/** At most so many heads are looked up. */
const MAX_HEADS = 32;

/** What may be asked about heads on chain that the log does not explain. */
export interface HeadEvidence {
  snapshot: Snapshot;
  ledgerId: bigint;
  log: WalkedLog;
  roots: RootComparison;
}

/**
 * Whether unexplained heads are the ledger's own (it sealed them, and its history was changed since) or foreign (the holder of
 * the anchoring key invented them). In this order:
 * 1. A signed checkpoint, here or outside, or a row of `anchors` in whatever state, knows one of them: our own.
 * 2. The sealer's guard is at hand: foreign if it agrees with the log to its end, our own otherwise.
 * 3. The database has numbered anchors that are no longer there: our own; they were deleted.
 * 4. The log reaches past the heads, and every checkpoint of it is sound: foreign. Whoever rewrites a log, re-signs it all and
 *    leaves no trace in `anchors` looks the same; so does a head of the log's own size or less.
 * 5. Otherwise nothing tells: undefined.
 */
export async function areHeadsOurs(heads: readonly Pin[], evidence: HeadEvidence): Promise<boolean | undefined> {
  const { snapshot, ledgerId, log, roots } = evidence;
  if (heads.some((head) => isSigned(head, roots.pins))) return true;
  for (const { size, root, anchor } of heads.slice(-MAX_HEADS)) {
    const tx = hexToBytes((anchor?.txHash ?? "0x").slice(2));
    const rows = await snapshot.rows(anchorKnown, [ledgerId, Buffer.from(tx), size, Buffer.from(root)]);
    if (rows.length > 0) return true;
  }
  const guard = roots.pins.find((pin) => pin.source === "guard");
  if (guard !== undefined) return !(guard.tiles === "match" && guard.size === log.size);
  const [sequence] = await snapshot.rows(anchorSequence, []);
  if (BigInt(sequence?.[0] ?? "0") > BigInt(sequence?.[1] ?? "0")) return true;
  const isWithin = heads.every((head) => head.tiles === "mismatch");
  const isSound = roots.checkpoints.badCount === 0 && !roots.pins.some((pin) => pin.source === "checkpoint");
  return isWithin && isSound ? false : undefined;
}
