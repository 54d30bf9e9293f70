import type { Receipt } from "@eventchain/ledger";

/** What `append` prints of a receipt. */
export interface ShownReceipt {
  readonly position: bigint;
  readonly version: bigint;
  readonly id: string;
  readonly hash: string;
  readonly recordedAtMicros: bigint;
}

/** The one event of a receipt, in the order of the fields that scripts see. */
export function showReceipt(receipt: Receipt): ShownReceipt {
  const [event] = receipt.events;
  if (event === undefined) throw new Error("a receipt without events");
  const { position, version, id, hash, recordedAtMicros } = event;
  return { position, version, id, hash, recordedAtMicros };
}
