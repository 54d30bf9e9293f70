import { LedgerError, randomBytes, uuidv7 } from "@eventchain/core";
import type { AnyReaction } from "@eventchain/ledger";
import { openPostgresReactions, type ReactionStore, type ReactionSurvey } from "@eventchain/store";
import { asHandler } from "./app/at-work.ts";
import type { AppLedger, AppStage, StageDeps, StageReport } from "./app/types.ts";
import { openRunSlots, type RunSlots } from "./react/run-slots.ts";
import { LEASE_MARGIN_MS, runTask } from "./react/run-task.ts";
import { isForked, takeIn } from "./react/take-in.ts";
import { Troubles } from "./run/logger.ts";

/** A round begins runs for so long, and waits for them: then others have their turn, and what runs goes on beside them. */
const ROUND_MS = 200;

/** How long a reaction's runs are waited for before slots that came free are filled again, several by one statement. */
const PATIENCE_MS = 10;

/** How long a round waits for runs when it has nothing else to do: then it gives its place to another ledger's. */
const IDLE_MS = 25;

/** How soon to look again for slots that slow runs have given back. */
const REFILL_MS = 50;

/** What the rounds of one process share. */
interface Process {
  readonly slots: RunSlots;
  /** Reactions whose cursors are known to be there, by `keyOf`. */
  readonly begun: Set<string>;
  readonly troubles: Troubles;
}

/** By the signal that ends the process's workers. */
const processes = new WeakMap<AbortSignal, Process>();

function processOf({ signal, logger }: StageDeps): Process {
  const known = processes.get(signal);
  if (known !== undefined) return known;
  const made = {
    slots: openRunSlots(),
    begun: new Set<string>(),
    troubles: new Troubles(logger, () => performance.now()),
  };
  processes.set(signal, made);
  return made;
}

/** Resolves when the runs that rounds with this signal began have all ended: they are told by the signal to. */
export async function drainReactions(signal: AbortSignal): Promise<void> {
  await processes.get(signal)?.slots.drain();
}

function keyOf({ ledgerId }: AppLedger, { name }: AnyReaction): string {
  return `${ledgerId} ${name}`;
}

interface Round extends StageDeps, Process {
  readonly app: AppLedger;
  readonly reactions: ReactionStore;
  /** As `performance.now()`: when the round is to be over. */
  readonly untilMs: number;
}

/**
 * One round of a ledger's reactions: each takes in what was appended, then its due tasks are run, several at a time, those
 * of several processes shared by leases. Runs that take longer than the round go on in the background; `drainReactions`
 * waits for them.
 *
 * 1. Each reaction's cursor is there; a new one at the head, or before the first event.
 * 2. Events are taken in (`takeIn`).
 * 3. Tasks are leased, run and settled (`runTask`).
 * Each is a commit of its own that a restart finds, or makes again.
 */
export const reactLedger: AppStage = (app, deps) => reactWith(storeOf(app.store.pool))(app, deps);

/** One for each pool: tasks that end at the same time, of whichever round, end in one commit. */
const stores = new WeakMap<AppLedger["store"]["pool"], ReactionStore>();

function storeOf(pool: AppLedger["store"]["pool"]): ReactionStore {
  const known = stores.get(pool) ?? openPostgresReactions(pool);
  stores.set(pool, known);
  return known;
}

/** As `reactLedger`, with the tasks of a store that is given. */
export function reactWith(reactions: ReactionStore): AppStage {
  return (app, deps) => react(reactions, app, deps);
}

async function react(reactions: ReactionStore, app: AppLedger, deps: StageDeps): Promise<StageReport> {
  if (app.reactions.length === 0) return { more: false };
  const process = processOf(deps);
  const round: Round = { ...deps, ...process, app, reactions, untilMs: performance.now() + ROUND_MS };
  await begin(round);
  const on = app.reactions.filter(({ name }) => app.isOn(name));
  const found = await survey(round, on);
  const rounds = await Promise.allSettled(on.map((reaction) => roundOf(round, reaction, found.get(reaction.name))));
  const failed = rounds.find(({ status }) => status === "rejected");
  if (failed !== undefined) throw (failed as PromiseRejectedResult).reason;
  return reportOf(
    round,
    on,
    rounds.some((each) => each.status === "fulfilled" && each.value),
  );
}

async function begin({ app, begun, reactions }: Round): Promise<void> {
  const fresh = app.reactions.filter((reaction) => !begun.has(keyOf(app, reaction)));
  if (fresh.length === 0) return;
  await reactions.begin(
    app.ledgerId,
    fresh.map(({ name, from, order }) => ({ name, fromNow: from === "now", isOrdered: order === "stream" })),
  );
  for (const reaction of fresh) begun.add(keyOf(app, reaction));
}

async function survey(
  { app, reactions }: Round,
  on: readonly AnyReaction[],
): Promise<ReadonlyMap<string, ReactionSurvey>> {
  if (on.length === 0) return new Map();
  const found = await reactions.survey(app.ledgerId, on);
  return new Map(found.map((each) => [each.name, each]));
}

/** Gives whether there is more to do at once. */
async function roundOf(round: Round, reaction: AnyReaction, found: ReactionSurvey | undefined): Promise<boolean> {
  const { app, reactions, troubles } = round;
  const key = keyOf(app, reaction);
  if (found === undefined) {
    // Its cursor is gone: it begins anew.
    round.begun.delete(key);
    return true;
  }
  // Nothing can be recorded, and what stands in the ledger is in doubt: no reason to do anything because of it.
  if (found.isHalted) return false;
  let more = false;
  let isFresh = false;
  try {
    more = await asHandler(reaction.name, () => takeIn({ ...app, reactions }, reaction, found));
    isFresh = found.position < found.bound;
    troubles.over(key, "reaction-recovered", { origin: app.origin, reaction: reaction.name });
  } catch (error) {
    if (isOfDatabase(error)) throw error;
    // What it has taken in was of another history, perhaps: it stops as a whole.
    troubles.note(key, "reaction-stopped", error, { origin: app.origin, reaction: reaction.name });
    return false;
  }
  const isDue = found.dueInMs !== null && found.dueInMs <= 0n;
  if (isDue) await reactions.expire(app.ledgerId, reaction.name);
  return ((isDue || isFresh) && (await runDue(round, reaction))) || more;
}

function isOfDatabase(error: unknown): boolean {
  return error instanceof LedgerError && (error.code.startsWith("database-") || error.code === "timeout");
}

/** Takes due tasks and runs them until none is due, or the round is over; gives whether more are due. */
async function runDue(round: Round, reaction: AnyReaction): Promise<boolean> {
  const { app, slots, signal } = round;
  const key = keyOf(app, reaction);
  while (!signal.aborted) {
    const leftMs = round.untilMs - performance.now();
    const most = slots.free(key);
    if (leftMs <= 0) return most > 0;
    const taken = most === 0 ? 0 : await takeTasks(round, reaction, key, most);
    if (taken > 0) {
      await slots.wait(key, "all", Math.min(PATIENCE_MS, leftMs));
      continue;
    }
    const running = slots.running(key);
    if (running > 0) await slots.wait(key, "one", Math.min(IDLE_MS, leftMs));
    if (slots.running(key) === running) return false;
  }
  return false;
}

async function takeTasks(round: Round, reaction: AnyReaction, key: string, most: number): Promise<number> {
  const { app, reactions, slots, logger, signal, clock } = round;
  const { name, order, timeoutMs } = reaction;
  const tasks = await reactions.take(app.ledgerId, {
    reaction: name,
    isOrdered: order === "stream",
    most,
    lease: uuidv7(clock()),
    leaseMs: timeoutMs + LEASE_MARGIN_MS,
  });
  const deps = { ledgerId: app.ledgerId, ledger: app.ledger, reactions, logger, signal, random: drawFraction };
  for (const task of tasks) slots.start(key, () => asHandler(name, () => runTask(deps, reaction, task)));
  return tasks.length;
}

/** When to look again by itself: for tasks that become due, for events that came meanwhile, for slots that are given back. */
async function reportOf(round: Round, on: readonly AnyReaction[], more: boolean): Promise<StageReport> {
  if (more || round.signal.aborted) return { more };
  let inMs: bigint | undefined;
  // As of before the look: what ends meanwhile may be due again, whatever the look says.
  const busy = new Set(on.filter((reaction) => round.slots.running(keyOf(round.app, reaction)) > 0));
  const found = await survey(round, on);
  for (const reaction of on) {
    const its = found.get(reaction.name);
    if (its === undefined || its.isHalted || isForked(its)) continue;
    // Appended since it was taken in, by a run of this very round, say.
    const isBehind = its.position < its.bound;
    if (its.dueInMs === null && !isBehind) continue;
    const key = keyOf(round.app, reaction);
    const leastMs = round.slots.free(key) === 0 ? REFILL_MS : PATIENCE_MS;
    const mostMs = busy.has(reaction) ? REFILL_MS : Number.POSITIVE_INFINITY;
    // One that is due already may wait for a run of its stream.
    const dueInMs = isBehind ? 0 : Number(its.dueInMs);
    const waitMs = BigInt(Math.max(leastMs, Math.min(dueInMs, mostMs)));
    if (inMs === undefined || waitMs < inMs) inMs = waitMs;
  }
  return inMs === undefined ? { more: false } : { more: false, nextAtMs: round.clock() + inMs };
}

/** 0 up to 1, 1 excluded. */
function drawFraction(): number {
  return new DataView(randomBytes(4).buffer).getUint32(0) / 2 ** 32;
}
