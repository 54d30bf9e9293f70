import { type Bytes, equalBytes } from "@eventchain/core";
import type { EventRow } from "../database/read-events.ts";
import type { Draft } from "../findings/draft.ts";
import type { OutsideReceipt } from "../options.ts";

/** What the ledger itself says of a position: the hash sealed there, or chained there. */
export type HashLookup = (position: bigint) => Promise<Bytes | undefined>;

/**
 * Compares receipts with the ledger: the hash with the one that was sealed, or follows in the chain, and whatever else they name
 * with the row, where that was found to be the event. `events`: those rows, by position.
 */
export async function checkReceipts(
  receipts: readonly OutsideReceipt[],
  find: HashLookup,
  events: ReadonlyMap<bigint, EventRow>,
): Promise<Draft[]> {
  const drafts: Draft[] = [];
  for (const receipt of receipts) {
    const detail = problemOf(receipt, await find(receipt.position), events.get(receipt.position));
    if (detail === undefined) continue;
    const { position, id, stream } = receipt;
    const name = { ...(id === undefined ? {} : { eventId: id }), ...(stream === undefined ? {} : { stream }) };
    drafts.push({ area: "outside", kind: "contradicted", position, ...name, detail });
  }
  return drafts;
}

const PARTS = ["id", "stream", "version", "recordedAtMicros"] as const;

function problemOf(receipt: OutsideReceipt, hash: Bytes | undefined, row: EventRow | undefined): string | undefined {
  if (hash === undefined) return "a receipt names an event that is not there";
  if (!equalBytes(hash, receipt.hash)) return "a receipt names another event here";
  const wrong = PARTS.find((part) => row !== undefined && receipt[part] !== undefined && receipt[part] !== row[part]);
  return wrong === undefined ? undefined : `a receipt names this event, but another ${wrong}`;
}
