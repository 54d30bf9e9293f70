import { setTimeout as sleep } from "node:timers/promises";
import { type Bytes, equalBytes, LedgerError, randomBytes } from "@eventchain/core";
import type { GroupedAppends } from "@eventchain/store";
import type { SchemaRegistry } from "../events/schema-registry.ts";
import type { SnapshotUse } from "../snapshots/use.ts";
import { aborted } from "../watch-value.ts";
import { onlyStream } from "./context-query.ts";
import { ask, type DecidedRejection, denyIssuing } from "./decide-command.ts";
import { gatherCalls } from "./gather-calls.ts";
import { keepStates } from "./kept-states.ts";
import { viewsOf } from "./model-views.ts";
import { openLanes } from "./open-lanes.ts";
import { prepareRejection } from "./prepare-request.ts";
import { type BatchDeps, type CommandJob, runBatch } from "./run-batch.ts";
import { type CommandOutcome, outcomeOfRecord, outcomeOfRequest } from "./settle-chain.ts";
import { type CommandCall, checkInput, type Execution } from "./start-execution.ts";
import type { Context } from "./types.ts";

/** The most commands that are decided on one look. */
const MAX_BATCH = 256;

/** How many states are kept between batches, of all ledgers together. */
const MAX_KEPT_STATES = 1_000;

/** Two calls: while one is on its way the next gathers, and one that is slow to answer does not stop all others. */
const GATHERED = { maxAsks: 256, maxCalls: 2 };

/** What a ledger gives along with each of its commands. */
export interface CommandRules {
  readonly recordRejections: boolean;
  readonly schemas: Pick<SchemaRegistry, "keepUsed">;
  /** Where cold contexts may start. Default: at the beginning. */
  readonly use?: SnapshotUse | undefined;
}

/** The commands on their way in this process, of all ledgers of a connection. */
export interface Commands {
  /**
   * Decides and records a command. An abort is honoured until it is decided for the last time. A command id that is known
   * already has its first outcome, whatever the app's rules say by now: its schema, `allow`, context or model.
   * Errors: `invalid-input`, those of the decision, of the store; LedgerError `aborted`.
   */
  run(ledgerId: bigint, call: CommandCall, rules: CommandRules): Promise<CommandOutcome>;
  /** Waits until every command has its outcome. It has no end while new ones come. */
  drain(): Promise<void>;
}

export type CommandsDeps = Omit<BatchDeps, "kept" | "random" | "appends"> & {
  appends: Pick<GroupedAppends, "append" | "appendChain">;
  /** Default: the platform's. */
  random?: ((length: number) => Bytes) | undefined;
  /** Default: the host's timers. */
  pause?: ((delayMs: number) => Promise<unknown>) | undefined;
};

/** A command id that is on its way. */
interface Flight {
  requestHash: Bytes;
  outcome: Promise<CommandOutcome>;
}

type LaneJob = CommandJob & { readonly ledgerId: bigint };

export function openCommands(given: CommandsDeps): Commands {
  const random = given.random ?? randomBytes;
  const deps = { ...given, store: gatherReads(given.store), random, kept: keepStates(MAX_KEPT_STATES) };
  const flights = new Map<string, Flight>();
  const active = new Set<Promise<CommandOutcome>>();
  const lanes = openLanes<LaneJob>({
    maxBatch: MAX_BATCH,
    run: (jobs, turn) => runBatch(deps, jobs, turn),
    pause: deps.pause ?? sleep,
  });

  function start(ledgerId: bigint, call: CommandCall, rules: CommandRules): Promise<CommandOutcome> {
    const outcome = decide(ledgerId, call, rules);
    active.add(outcome);
    const done = (): void => void active.delete(outcome);
    outcome.then(done, done);
    return outcome;
  }

  /** Runs up to the lane in the caller's turn, so that whoever calls in one turn shares a batch. */
  async function decide(ledgerId: bigint, call: CommandCall, rules: CommandRules): Promise<CommandOutcome> {
    const { signal } = call;
    if (signal?.aborted) throw aborted("the command", signal.reason);
    let admitted: Admitted;
    try {
      admitted = admit(call);
    } catch (error) {
      const first = await findOutcome(deps.store, ledgerId, call);
      if (first === undefined) throw error;
      return first;
    }
    const { execution, denied } = admitted;
    if (denied !== undefined) {
      // Where the command id is known, the append says what it had recorded.
      const request = prepareRejection(execution, denied, { nowMs: deps.clock(), random }, rules.recordRejections);
      const outcome = await deps.appends.append(ledgerId, request, signal === undefined ? {} : { signal });
      return outcomeOfRequest(request, outcome);
    }
    const { contexts } = admitted;
    const elements = [...contexts.values()].flatMap((context) => contextElements(ledgerId, context));
    const settled = Promise.withResolvers<CommandOutcome>();
    const { resolve, reject } = settled;
    const views = viewsOf(ledgerId, execution.command, contexts, rules.use);
    const job = {
      ...{ ledgerId, execution, views, stream: onlyStream(contexts), ...rules },
      ...{ attempts: 0, overtaken: false, resolve, reject },
    };
    const onAbort = (): void => {
      if (lanes.remove(elements, job)) reject(aborted("the command", signal?.reason));
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    lanes.add(elements, job);
    return settled.promise.finally(() => signal?.removeEventListener("abort", onAbort));
  }

  async function run(ledgerId: bigint, call: CommandCall, rules: CommandRules): Promise<CommandOutcome> {
    const { commandId, requestHash, repeatable } = call;
    if (!repeatable) return start(ledgerId, call, rules);
    const key = `${ledgerId} ${commandId}`;
    const flight = flights.get(key);
    if (flight !== undefined) {
      const outcome = equalBytes(flight.requestHash, requestHash)
        ? await follow(flight, call.signal)
        : await giveWay(flight, call.signal);
      return outcome ?? run(ledgerId, call, rules);
    }
    const outcome = start(ledgerId, call, rules);
    flights.set(key, { requestHash, outcome });
    const done = (): void => void flights.delete(key);
    outcome.then(done, done);
    return outcome;
  }

  return {
    run,
    async drain() {
      while (active.size > 0) await Promise.allSettled(active);
    },
  };
}

/** A command that its input, its `allow` and its context let on, or that is denied. */
type Admitted =
  | { readonly execution: Execution; readonly denied: DecidedRejection }
  | { readonly execution: Execution; readonly denied: undefined; readonly contexts: ReadonlyMap<string, Context> };

/** What comes before anything is read. Errors: LedgerError `invalid-input`, `invalid-argument`, `decision-failed`. */
function admit(call: CommandCall): Admitted {
  const execution = checkInput(call);
  const denied = denyIssuing(execution);
  if (denied !== undefined) return { execution, denied };
  const { command, input, actor } = execution;
  return { execution, denied, contexts: ask(command.name, "context", () => command.context(input, actor)) };
}

/** What was recorded under the command id of a call before; undefined where nothing was, or its caller gave none. */
async function findOutcome(
  store: Pick<CommandsDeps["store"], "findCommand">,
  ledgerId: bigint,
  { commandId, repeatable, requestHash }: CommandCall,
): Promise<CommandOutcome | undefined> {
  const record = repeatable ? await store.findCommand(ledgerId, commandId) : undefined;
  return record === undefined ? undefined : outcomeOfRecord(record, requestHash);
}

/** The same reads, of which those that wait at the same time are made together. */
function gatherReads(store: CommandsDeps["store"]): CommandsDeps["store"] {
  const look = gatherCalls(async (ledgerId, contexts: Parameters<typeof store.look>[1]) => {
    const { position, contexts: found } = await store.look(ledgerId, contexts);
    return found.map((events) => ({ position, events }));
  }, GATHERED);
  const known = gatherCalls(async (ledgerId, ids: readonly string[]) => {
    const found = await store.knownCommands(ledgerId, ids);
    return ids.map((id) => found.has(id));
  }, GATHERED);
  return {
    findCommand: (ledgerId, commandId) => store.findCommand(ledgerId, commandId),
    async look(ledgerId, contexts) {
      const found = await look(ledgerId, contexts);
      const [first] = found;
      // A look at nothing still tells the position.
      if (first === undefined) return store.look(ledgerId, contexts);
      return { position: first.position, contexts: found.map(({ events }) => events) };
    },
    async knownCommands(ledgerId, ids) {
      const answers = await known(ledgerId, ids);
      return new Set(ids.filter((_, index) => answers[index] === true));
    },
  };
}

/** The outcome of the same command on its way; undefined where its first caller gave it up and this one did not. */
async function follow(flight: Flight, signal: AbortSignal | undefined): Promise<CommandOutcome | undefined> {
  const gaveUp = Promise.withResolvers<never>();
  const onAbort = (): void => gaveUp.reject(aborted("the command", signal?.reason));
  if (signal?.aborted) onAbort();
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([gaveUp.promise, flight.outcome]);
  } catch (error) {
    if (error instanceof LedgerError && error.code === "aborted" && signal?.aborted !== true) return undefined;
    throw error;
  } finally {
    signal?.removeEventListener("abort", onAbort);
  }
}

/** Another request has the command id, if what is on its way under it comes to be known; undefined where nothing is. */
async function giveWay(flight: Flight, signal: AbortSignal | undefined): Promise<CommandOutcome | undefined> {
  try {
    const outcome = await follow(flight, signal);
    const isKnown = outcome !== undefined && KNOWN.includes(outcome.kind);
    return isKnown ? { kind: "reused" } : undefined;
  } catch (error) {
    if (signal?.aborted === true) throw error;
    return undefined;
  }
}

/** What has left a row under the command id. */
const KNOWN: readonly CommandOutcome["kind"][] = ["recorded", "rejected", "known"];

/**
 * What a context is about, whatever the types: its stream, or each item's tags. Commands that share one are decided one
 * after the other.
 */
function contextElements(ledgerId: bigint, context: Context): string[] {
  if (context.kind === "stream") return [`${ledgerId} stream ${JSON.stringify(context.stream)}`];
  return context.items.map(({ tags = [] }) => `${ledgerId} tags ${JSON.stringify([...tags].sort())}`);
}
