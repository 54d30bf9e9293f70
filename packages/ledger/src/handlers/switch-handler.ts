import { type Bytes, canonicalJson, equalBytes, LedgerError, randomBytes, SALT_BYTES, uuidv7 } from "@eventchain/core";
import { checkKeys } from "../check-keys.ts";
import type { JsonObject } from "../types.ts";
import { listHandlers } from "./list-handlers.ts";
import type { HandlerStores } from "./stores.ts";
import type { SwitchOptions, SwitchReceipt } from "./types.ts";

export interface SwitchDeps {
  ledgerId: bigint;
  handlers: HandlerStores;
  /** Names that the ledger was opened with. */
  handlerNames: readonly string[];
  clock: () => bigint;
  random?: ((length: number) => Bytes) | undefined;
}

const OPTION_KEYS = ["by", "reason", "fromNow", "anyName"] as const;
/** A reaction that is off is moved by nobody for long: a worker that read the switch before has a round left at most. */
const MAX_MOVES = 10;

/**
 * Switches a handler of a ledger on or off.
 *
 * Durable effects, in this order: 1. `fromNow` only: the reaction's cursor at the head; it is off still, so that a restart
 * finds it off and may be told the same again. 2. The `$HandlerSwitched` event and its row, one commit; a call after it finds
 * it switched, and records nothing.
 *
 * Errors: LedgerError `not-found` for a name that nobody knows, `invalid-argument`, `invalid-name`, `ledger-halted`,
 * `database-…`.
 */
export async function switchHandler(
  deps: SwitchDeps,
  handler: string,
  enabled: boolean,
  options: SwitchOptions,
): Promise<SwitchReceipt> {
  checkKeys(options, OPTION_KEYS, "switch options");
  const { by, reason, fromNow = false, anyName = false } = options;
  checkText("handler", handler);
  checkText("by", by);
  if (typeof enabled !== "boolean") throw refuse("enabled is neither true nor false: give one of them", { enabled });
  if (reason !== undefined) checkText("reason", reason);
  if (fromNow && !enabled) throw refuse("fromNow is of a reaction that is switched on: leave it out", { handler });
  if (!anyName) await checkKnown(deps, handler);
  const skipped = fromNow ? await skip(deps, handler) : undefined;
  const metadata: JsonObject = {
    actor: by,
    ...(reason === undefined ? {} : { reason }),
    ...(skipped === undefined ? {} : { skipped }),
  };
  const { ledgerId, clock, random = randomBytes } = deps;
  const { outcome, last } = await deps.handlers.switches.switch(ledgerId, {
    handler,
    enabled,
    by,
    event: {
      id: uuidv7(clock(), random(10)),
      salt: random(SALT_BYTES),
      metaSalt: random(SALT_BYTES),
      metadata: canonicalJson(metadata),
    },
  });
  return { handler, enabled, switched: outcome === "switched", last: last ?? null };
}

async function checkKnown({ handlers, handlerNames, ledgerId }: SwitchDeps, handler: string): Promise<void> {
  if (handlerNames.includes(handler)) return;
  const known = (await listHandlers(handlers, ledgerId)).map(({ name }) => name);
  if (known.includes(handler)) return;
  const names = [...new Set([...handlerNames, ...known])].sort();
  const others = names.length === 0 ? "it has none yet" : `it has ${names.slice(0, 20).join(", ")}`;
  throw new LedgerError("not-found", `the ledger has no handler ${JSON.stringify(handler)}: ${others}`, {
    values: { handler, handlers: names },
  });
}

/** Moves the cursor of a reaction that is off to the head, without a task for what lies between. */
async function skip({ handlers, ledgerId }: SwitchDeps, handler: string): Promise<{ after: string; to: string }> {
  const { reactions, switches } = handlers;
  const switched = (await switches.list(ledgerId)).find((row) => row.handler === handler);
  if (switched?.enabled !== false)
    throw refuse("fromNow is of a reaction that is off: switch it off first", { handler });
  for (let move = 1; move <= MAX_MOVES; move++) {
    const [found] = (await reactions?.survey(ledgerId, [{ name: handler, level: "appended" }])) ?? [];
    if (found === undefined) throw refuse("fromNow is of a reaction, and none of this name has begun", { handler });
    const { position, hash, foundHash, bound } = found;
    if (foundHash === null || !equalBytes(foundHash, hash))
      throw new LedgerError(
        "forked",
        `the reaction ${JSON.stringify(handler)} stands at an event that is not in the history any more`,
        {
          values: { handler, position },
        },
      );
    const skipped = { after: `${position}`, to: `${bound}` };
    if (position >= bound) return skipped;
    const from = { position, hash };
    if (await reactions?.takeIn(ledgerId, { reaction: handler, from, to: bound, tasks: [], isOrdered: false }))
      return skipped;
  }
  throw new LedgerError("conflict", `the reaction ${JSON.stringify(handler)} is still at work: try again`, {
    values: { handler },
    retryable: true,
  });
}

/** Lengths are the store's to check. */
function checkText(what: string, value: unknown): void {
  if (typeof value === "string" && value !== "") return;
  throw refuse(`${what} is not a text of at least one character`, { [what]: value });
}

function refuse(message: string, values: Record<string, unknown>): LedgerError {
  return new LedgerError("invalid-argument", message, { values });
}
