import { bytesToHex, checkName } from "@eventchain/core";
import type { EventStore } from "@eventchain/store";
import type { Rejection } from "./commands/types.ts";
import { makeReceipt, type ReceiptDeps } from "./make-receipt.ts";
import type { Receipt, ReceiptEvent } from "./types.ts";

export interface FindReceiptDeps extends ReceiptDeps {
  store: Pick<EventStore, "watermarks" | "findCommand" | "readAll">;
}

/** What became of a command id; undefined where it was never recorded. The same for everybody who asks. */
export async function findReceipt(deps: FindReceiptDeps, commandId: string): Promise<Receipt | Rejection | undefined> {
  checkName("commandId", commandId);
  const record = await deps.store.findCommand(deps.ledgerId, commandId);
  if (record === undefined) return undefined;
  const { type: command, firstPosition, lastPosition, code, reason } = record;
  if (record.outcome === "rejected" || firstPosition === null || lastPosition === null)
    return { id: commandId, status: "rejected", commandId, command, code: code ?? "rejected", reason };
  // One command's events stand side by side.
  const events: ReceiptEvent[] = [];
  for await (const event of deps.store.readAll(deps.ledgerId, { after: firstPosition - 1n, to: lastPosition })) {
    const { position, version, stream, type, id, hash, recordedAtMicros } = event;
    events.push({ position, version, stream, type, id, hash: bytesToHex(hash), recordedAtMicros });
  }
  return makeReceipt(deps, { commandId, command: command ?? undefined, events });
}
