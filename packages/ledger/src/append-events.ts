import { type Bytes, ConflictError, LedgerError, type LedgerErrorCode, randomBytes } from "@eventchain/core";
import type { AppendOutcome, GroupedAppends, RefusalCode } from "@eventchain/store";
import type { SchemaRegistry } from "./events/schema-registry.ts";
import type { AnyEventDefinition } from "./events/types.ts";
import { makeReceipt, type ReceiptDeps, receiptEvents } from "./make-receipt.ts";
import { definitionOf, prepareAppend } from "./prepare-append.ts";
import type { AppendOptions, AppendReceipt, EventInput, RequiredKey } from "./types.ts";
import { aborted } from "./watch-value.ts";

export interface AppendDeps extends ReceiptDeps {
  appends: Pick<GroupedAppends, "append">;
  schemas: SchemaRegistry;
  /** Milliseconds since 1970-01-01 UTC. */
  clock: () => bigint;
  /** For ids and salts. Default: the platform's. */
  random?: ((length: number) => Bytes) | undefined;
  /** Metadata that each event must have. Default: none. */
  required?: readonly RequiredKey[] | undefined;
}

/** Records events in one stream, together or not at all. Errors: as `Ledger.append` says. */
export async function appendEvents(
  deps: AppendDeps,
  stream: string,
  events: EventInput | readonly EventInput[],
  options: AppendOptions = {},
): Promise<AppendReceipt> {
  const { schemas, required = [], clock, random = randomBytes } = deps;
  const { definitions } = schemas;
  const request = prepareAppend(stream, events, options, clock(), { definitions, required, random });
  const used: AnyEventDefinition[] = [];
  for (const event of Array.isArray(events) ? (events as readonly EventInput[]) : [events as EventInput]) {
    const definition = definitionOf(event, definitions);
    if (definition !== undefined) used.push(definition);
  }
  const { signal } = options;
  if (signal?.aborted) throw aborted("the append", signal.reason);
  const outcome = await schemas.sendKept(used, () =>
    deps.appends.append(deps.ledgerId, request, signal === undefined ? {} : { signal }),
  );
  if (outcome.outcome !== "recorded") throw failure(outcome, stream);
  // A duplicate has the request hash of the first request, so its events are of the same types in the same order.
  const types = request.events.map(({ type }) => type);
  const receipt = makeReceipt(deps, {
    commandId: options.commandId,
    command: undefined,
    events: receiptEvents(outcome.events, types),
  });
  return Object.assign(receipt, { duplicate: outcome.duplicate });
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

/** The error for a request that was refused as it is. */
export function refusalError(
  { code, message, event }: Extract<AppendOutcome, { outcome: "refused" }>,
  values: Readonly<Record<string, unknown>>,
): LedgerError {
  return new LedgerError(REFUSALS[code], message, { values: { ...values, ...(event === undefined ? {} : { event }) } });
}

/** The error for a command id that another request has. */
export function commandIdReused(commandId: string): LedgerError {
  return new LedgerError(
    "command-id-reused",
    `command id ${JSON.stringify(commandId)} was recorded with other content: give another id, or the same content`,
    { values: { commandId } },
  );
}

function failure(outcome: Exclude<AppendOutcome, { outcome: "recorded" }>, stream: string): LedgerError {
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
      return commandIdReused(outcome.commandId);
    case "refused":
      return refusalError(outcome, { stream });
    default:
      throw new Error(`an append without a condition cannot end as ${outcome.outcome}`);
  }
}

const WANTED = { none: "to have no event", exists: "to have events", any: "at any version" } as const;
