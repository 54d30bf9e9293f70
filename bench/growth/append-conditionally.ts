import { randomBytes, sha256, utf8, uuidv7 } from "@eventchain/core";
import { type AppendRequest, groupAppends } from "@eventchain/store";
import { type BenchEvent, benchMetadata } from "../harness/events.ts";
import type { GrownLedger, Growth } from "./open-growth.ts";

/**
 * Appends an event on condition that none of its type with its order's tag has come since the newest position that this
 * process knows, and again with a newer one while that does not hold. Gives how often it was refused.
 */
export function openConditional(growth: Growth, on: GrownLedger, head: bigint): (event: BenchEvent) => Promise<number> {
  const grouped = groupAppends(growth.store);
  let known = head;
  return async (event) => {
    for (let refused = 0; ; refused += 1) {
      const outcome = await grouped.append(on.ledgerId, requestOf(event, known));
      if (outcome.outcome === "recorded") {
        const position = outcome.events[0]?.position ?? 0n;
        if (position > known) known = position;
        return refused;
      }
      if (outcome.outcome !== "condition-failed") throw new Error(`not recorded: ${outcome.outcome}`);
      for (const position of outcome.positions) if (position > known) known = position;
    }
  };
}

function requestOf(event: BenchEvent, after: bigint): AppendRequest {
  const { stream, type, tags, commandId } = event;
  // Keys are in order, and there is nothing that JSON.stringify writes otherwise than JCS.
  const data = JSON.stringify(event.data);
  const metadata = JSON.stringify(benchMetadata(event));
  const id = uuidv7(BigInt(Date.now()));
  return {
    events: [{ stream, type, schema: 1, tags, data, metadata, id, salt: randomBytes(16), metaSalt: randomBytes(16) }],
    expected: [],
    command: { id: commandId, requestHash: sha256(utf8(data)) },
    condition: { failIfEventsMatch: [{ types: [type], tags: [tags[1]] }], after },
  };
}
