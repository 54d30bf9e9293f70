import { bytesToHex, checkName } from "@eventchain/core";
import type { EventStore } from "@eventchain/store";
import { makeReceipt, type ReceiptDeps } from "./make-receipt.ts";
import type { Receipt, ReceiptEvent, Rejection } from "./types.ts";

export interface FindReceiptDeps extends ReceiptDeps {
  store: Pick<EventStore, "watermarks" | "findCommand" | "readAll">;
}

/** What became of a command id; undefined where it was never recorded. */
export async function findReceipt(deps: FindReceiptDeps, commandId: string): Promise<Receipt | Rejection | undefined> {
  checkName("commandId", commandId);
  const command = await deps.store.findCommand(deps.ledgerId, commandId);
  if (command === undefined) return undefined;
  const { firstPosition, lastPosition } = command;
  if (command.outcome === "rejected" || firstPosition === null || lastPosition === null)
    return { id: commandId, status: "rejected", commandId, code: command.code ?? "rejected" };
  // One append's events stand side by side.
  const events: ReceiptEvent[] = [];
  for await (const event of deps.store.readAll(deps.ledgerId, { after: firstPosition - 1n, to: lastPosition })) {
    const { position, version, stream, type, id, hash, recordedAtMicros } = event;
    events.push({ position, version, stream, type, id, hash: bytesToHex(hash), recordedAtMicros });
  }
  return makeReceipt(deps, { commandId, duplicate: true, events });
}
