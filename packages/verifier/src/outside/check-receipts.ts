import { type Bytes, equalBytes } from "@eventchain/core";
import type { Draft } from "../findings/draft.ts";
import type { OutsideReceipt } from "../options.ts";

/** What the ledger itself says of a position: the hash sealed there, or chained there. */
export type HashLookup = (position: bigint) => Promise<Bytes | undefined>;

/**
 * Compares receipts with the ledger. The hash decides: id, stream, version and time are in it, so a receipt whose hash fits can
 * only differ from the row, and that is then found at the row.
 */
export async function checkReceipts(receipts: readonly OutsideReceipt[], find: HashLookup): Promise<Draft[]> {
  const drafts: Draft[] = [];
  for (const receipt of receipts) {
    const { position, id, stream } = receipt;
    const hash = await find(position);
    if (hash !== undefined && equalBytes(hash, receipt.hash)) continue;
    const detail =
      hash === undefined ? "a receipt names an event that is not there" : "a receipt names another event here";
    drafts.push({
      area: "outside",
      kind: "contradicted",
      position,
      detail,
      ...(id === undefined ? {} : { eventId: id }),
      ...(stream === undefined ? {} : { stream }),
    });
  }
  return drafts;
}
