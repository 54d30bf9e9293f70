import { bytesToHex, ConflictError, LedgerError, type LedgerErrorCode } from "@eventchain/core";
import type { AppendOutcome, AppendRequest, GroupedAppends, RefusalCode } from "@eventchain/store";
import type { SchemaRegistry } from "./events/schema-registry.ts";
import { makeReceipt, type ReceiptDeps } from "./make-receipt.ts";
import { definitionOf, prepareAppend } from "./prepare-append.ts";
import type { AppendOptions, EventInput, Receipt } from "./types.ts";
import { aborted } from "./watch-watermarks.ts";

export interface AppendDeps extends ReceiptDeps {
  appends: Pick<GroupedAppends, "append">;
  schemas: SchemaRegistry;
  /** Milliseconds since 1970-01-01 UTC. */
  clock: () => bigint;
}

/** Records events in one stream, together or not at all. Errors: as `Ledger.append` says. */
export async function appendEvents(
  deps: AppendDeps,
  stream: string,
  events: EventInput | readonly EventInput[],
  options: AppendOptions = {},
): Promise<Receipt> {
  const { definitions } = deps.schemas;
  const request = prepareAppend(stream, events, options, deps.clock(), definitions);
  const list: readonly EventInput[] = Array.isArray(events) ? events : [events as EventInput];
  const used = list.flatMap((event) => definitionOf(event, definitions) ?? []);
  const { signal } = options;
  if (signal?.aborted) throw aborted("the append", signal.reason);
  const outcome = await deps.schemas.sendKept(used, () =>
    deps.appends.append(deps.ledgerId, request, signal === undefined ? {} : { signal }),
  );
  if (outcome.outcome !== "recorded") throw refusal(outcome, stream);
  return makeReceipt(deps, {
    commandId: options.commandId,
    duplicate: outcome.duplicate,
    events: outcome.events.map((event, index) => ({
      position: event.position,
      version: event.version,
      stream: event.stream,
      type: typeAt(request, index),
      id: event.id,
      hash: bytesToHex(event.hash),
      recordedAtMicros: event.recordedAtMicros,
    })),
  });
}

/** A duplicate has the request hash of the first request, so its events are of the same types in the same order. */
function typeAt(request: AppendRequest, index: number): string {
  const event = request.events[index];
  if (event === undefined) throw new Error("the store recorded more events than it was given");
  return event.type;
}

const REFUSALS: Readonly<Record<RefusalCode, LedgerErrorCode>> = {
  "invalid-json": "invalid-json",
  "invalid-name": "invalid-name",
  "invalid-argument": "invalid-argument",
  // Ids are drawn by the SDK: one that stands already was drawn twice, which asks for a look at the clock and the host.
  "duplicate-id": "database-refused",
  "too-large": "too-large",
  "ledger-halted": "ledger-halted",
};

function refusal(outcome: Exclude<AppendOutcome, { outcome: "recorded" }>, stream: string): LedgerError {
  switch (outcome.outcome) {
    case "conflict": {
      const { expected, actual } = outcome;
      const wanted = typeof expected === "bigint" ? `at version ${expected}` : WANTED[expected];
      return new ConflictError(
        "conflict",
        `stream ${JSON.stringify(outcome.stream)} is at version ${actual}, but was expected ${wanted}: read it again and decide anew`,
        { values: { stream: outcome.stream, expected, actual } },
      );
    }
    case "command-id-reused":
      return new LedgerError(
        "command-id-reused",
        `command id ${JSON.stringify(outcome.commandId)} was recorded with other content: give another id, or the same content`,
        { values: { commandId: outcome.commandId } },
      );
    case "refused":
      return new LedgerError(REFUSALS[outcome.code], outcome.message, {
        values: { stream, ...(outcome.event === undefined ? {} : { event: outcome.event }) },
      });
  }
}

const WANTED = { none: "to have no event", exists: "to have events", any: "at any version" } as const;
