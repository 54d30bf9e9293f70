import { LedgerError } from "@eventchain/core";
import type { AppendOutcome, AppendRequest } from "@eventchain/store";
import { describe, expect, test } from "vitest";
import { appendEvents } from "./append-events.ts";
import { openSchemas } from "./events/schema-registry.ts";
import { openGate } from "./open-gate.ts";
import type { AppendOptions } from "./types.ts";
import { watchWatermarks } from "./watch-watermarks.ts";

const event = { type: "TicketOpened", data: { title: "No sound" } };
const nothing = { sealedSize: 0n, anchoredSize: 0n, finalSize: 0n };

/** An append whose store answers as told. */
async function append(
  answer: (request: AppendRequest) => AppendOutcome | Promise<AppendOutcome>,
  options?: AppendOptions,
) {
  const requests: AppendRequest[] = [];
  const watermarks = async () => nothing;
  const deps = {
    ledgerId: 1n,
    store: { watermarks },
    log: { coveringAnchor: async () => undefined, recentAnchors: async () => [] },
    watch: watchWatermarks(watermarks),
    projected: async () => undefined,
    gate: openGate(),
    clock: () => 1_763_683_200_000n,
    schemas: await openSchemas({ keptSchemas: async () => [], keepSchemas: async () => [] }, 1n, new Map()),
    appends: {
      append: async (_ledgerId: bigint, request: AppendRequest) => {
        requests.push(request);
        return answer(request);
      },
    },
  };
  const receipt = await appendEvents(deps, "ticket-42", event, options);
  return { receipt, requests };
}

function recorded(duplicate: boolean): (request: AppendRequest) => AppendOutcome {
  return ({ events }) => ({
    outcome: "recorded",
    duplicate,
    events: events.map(({ id, stream }, index) => ({
      position: 17n + BigInt(index),
      stream,
      version: 3n,
      id,
      hash: new Uint8Array(32).fill(0xab),
      recordedAtMicros: 1n,
    })),
  });
}

describe("appendEvents", () => {
  test("makes a receipt of what was recorded", async () => {
    const { receipt, requests } = await append(recorded(false));
    const id = requests[0]?.events[0]?.id;
    expect(receipt).toMatchObject({
      id,
      status: "recorded",
      duplicate: false,
      events: [{ position: 17n, version: 3n, stream: "ticket-42", type: "TicketOpened", id, hash: "ab".repeat(32) }],
    });
    expect(receipt).not.toHaveProperty("commandId");
    expect(await receipt.state()).toBe("appended");
  });

  test("a repeated command's receipt says so", async () => {
    const { receipt } = await append(recorded(true), { commandId: "open-42" });
    expect(receipt).toMatchObject({ id: "open-42", commandId: "open-42", duplicate: true });
  });

  test.each<[AppendOutcome, string, object]>([
    [
      { outcome: "conflict", stream: "ticket-42", expected: 2n, actual: 3n },
      'stream "ticket-42" is at version 3, but was expected at version 2: read it again and decide anew',
      { code: "conflict", name: "ConflictError", values: { stream: "ticket-42", expected: 2n, actual: 3n } },
    ],
    [
      { outcome: "conflict", stream: "ticket-42", expected: "none", actual: 3n },
      "expected to have no event",
      { code: "conflict", values: { expected: "none" } },
    ],
    [
      { outcome: "command-id-reused", commandId: "open-42" },
      'command id "open-42" was recorded with other content',
      { code: "command-id-reused", values: { commandId: "open-42" } },
    ],
    [
      { outcome: "refused", code: "ledger-halted", message: "halted since" },
      "halted since",
      { code: "ledger-halted", values: { stream: "ticket-42" } },
    ],
    [
      { outcome: "refused", code: "duplicate-id", message: "twice", event: 0 },
      "twice",
      { code: "database-refused", values: { event: 0 } },
    ],
  ])("throws what kept it from being recorded: %o", async (outcome, message, error) => {
    const refused = append(() => outcome);
    await expect(refused).rejects.toBeInstanceOf(LedgerError);
    await expect(refused).rejects.toMatchObject(error);
    await expect(refused).rejects.toThrow(message);
  });

  test("a signal that is aborted already sends nothing", async () => {
    let sent = false;
    const answer = (): never => {
      sent = true;
      throw new Error("sent");
    };
    await expect(append(answer, { signal: AbortSignal.abort("enough") })).rejects.toMatchObject({
      code: "aborted",
      cause: "enough",
    });
    expect(sent).toBe(false);
  });
});
