import type { Bytes } from "@eventchain/core";
import type { ChainOutcome, EventStore, GroupedAppends } from "@eventchain/store";
import type { SchemaRegistry } from "../events/schema-registry.ts";
import type { AnyEventDefinition } from "../events/types.ts";
import { decideAhead, rejectIfAborted } from "./decide-ahead.ts";
import { type Draft, draftChain, type Entry, keysOf } from "./draft-chain.ts";
import type { KeptStates } from "./kept-states.ts";
import { type ModelView, readViews } from "./model-views.ts";
import type { Remainder, Turn } from "./open-lanes.ts";
import { type ChainGround, type CommandOutcome, outcomeOfRecord, settleChain } from "./settle-chain.ts";
import type { Execution } from "./start-execution.ts";

/** A command that waits to be decided and recorded. */
export interface CommandJob {
  readonly execution: Execution;
  /** By model name; its own, until a batch reads them. */
  readonly views: ReadonlyMap<string, ModelView>;
  /** Where its events without a stream go. */
  readonly stream: string | undefined;
  readonly recordRejections: boolean;
  readonly schemas: Pick<SchemaRegistry, "keepUsed">;
  /** How often it was decided and lost to somebody else. */
  attempts: number;
  /** It lost, on whatever it was decided: somebody else writes where it does. */
  overtaken: boolean;
  readonly resolve: (outcome: CommandOutcome) => void;
  readonly reject: (error: unknown) => void;
}

export interface BatchDeps {
  store: Pick<EventStore, "look" | "knownCommands" | "findCommand">;
  appends: Pick<GroupedAppends, "appendChain">;
  clock: () => bigint;
  random: (length: number) => Bytes;
  kept: KeptStates;
}

/** The first rest after a lost race, and the longest: each one is drawn from half of its length to all of it. */
const FIRST_REST_MS = 4;
const LONGEST_REST_MS = 250;

/**
 * From so many jobs on the first half goes ahead, so that the server records one chain while the next is decided. Fewer
 * are sent sooner by one call than by two.
 */
const MIN_SPLIT = 16;

/** What is sent as one chain. */
interface Chain<Job extends CommandJob> {
  readonly draft: Draft<Job>;
  readonly ground: ChainGround;
}

/**
 * Decides jobs of one lane on one look and records them as one chain:
 *
 * 1. the append's commit. Until then nothing is given out, no rejection and no failure of a decision either, as each may
 *    rest on events that are never recorded. A process that dies before it has recorded nothing.
 *
 * While a chain is on its way, what comes for the lane meanwhile is decided on top of it, and sent as the next chain once
 * that one is recorded as it was decided: what others write between the two is in the way of the next one's conditions.
 * Where it is not, what was decided on top of it is decided again.
 *
 * A job that is `dependency-failed` fell with an earlier one: it is decided again, and that is no attempt of its own. It
 * ends all the same, as each batch settles its first job or uses up one of that job's attempts. Never rejects.
 */
export async function runBatch<Job extends CommandJob & { readonly ledgerId: bigint }>(
  deps: BatchDeps,
  jobs: readonly Job[],
  turn: Turn<Job>,
): Promise<Remainder<Job>> {
  const ledgerId = jobs[0]?.ledgerId;
  if (ledgerId === undefined) return { again: [], restMs: 0 };
  const first = jobs.slice(0, countFirst(jobs, turn.waiting()));
  turn.giveBack(jobs.slice(first.length));
  const views = shareViews(first);
  try {
    const chain = await decideOnLook(deps, ledgerId, first, views, turn);
    return await sendChains(deps, ledgerId, chain, views, turn);
  } catch (error) {
    // What was kept has been taken and is not put back: the next batch reads it afresh.
    for (const { reject } of first) reject(error);
    return { again: [], restMs: 0 };
  }
}

/** How many of the jobs go first, where more are waiting: half of them all, if the others can be decided on top of them. */
function countFirst(jobs: readonly CommandJob[], waiting: number): number {
  const [first] = jobs;
  if (first === undefined || jobs.length < MIN_SPLIT) return jobs.length;
  const keys = keysOf(first).join("\n");
  const areAlike = jobs.every((job) => !job.overtaken && keysOf(job).join("\n") === keys);
  return areAlike ? Math.min(jobs.length, Math.ceil((jobs.length + waiting) / 2)) : jobs.length;
}

async function decideOnLook<Job extends CommandJob>(
  deps: BatchDeps,
  ledgerId: bigint,
  jobs: readonly Job[],
  views: Map<string, ModelView>,
  turn: Turn<Job>,
): Promise<Chain<Job>> {
  const [position, unknown] = await settleBoth(
    readViews(deps.store, ledgerId, [...views.values()], deps.kept),
    withoutKnown(deps, ledgerId, jobs),
  );
  const waiting = unknown.filter((job) => !rejectIfAborted(job));
  const draft = draftChain<Job>(deps, views);
  const over = waiting.findIndex((job) => !draft.add(job));
  if (over !== -1) turn.giveBack(waiting.slice(over));
  draft.setGround(position);
  return { draft, ground: { position, isRead: true } };
}

/** Sends a chain, and after it those that are decided meanwhile, each on top of the one before. Never rejects. */
async function sendChains<Job extends CommandJob>(
  deps: BatchDeps,
  ledgerId: bigint,
  first: Chain<Job>,
  views: Map<string, ModelView>,
  turn: Turn<Job>,
): Promise<Remainder<Job>> {
  let next: Chain<Job> | undefined = first;
  let remainder: Remainder<Job> = { again: [], restMs: 0 };
  while (next !== undefined) {
    const chain: Chain<Job> = next;
    const { draft, ground } = chain;
    const sent = sendChain(deps, ledgerId, draft);
    const ahead = decideAhead(deps, draft, views, turn);
    try {
      const result = await sent;
      const settled = result.outcomes && settleChain(draft.entries, result.outcomes, ground);
      // What has come in this very turn.
      if (settled?.sound === true && ahead.draft.entries.length === 0) ahead.decide();
      ahead.stop();
      const waiting = jobsOf(ahead.draft);
      next = undefined;
      if (settled === undefined) {
        remainder = remainderOf(draft, result, waiting);
      } else if (!settled.sound || settled.last === undefined || waiting.length === 0) {
        const { again, lost, sound, last, tell } = settled;
        if (sound && waiting.length === 0) keepViews(deps.kept, views, draft.covered, last);
        tell();
        remainder = { again: [...again, ...waiting], restMs: lost === 0 ? 0 : restAfter(lost, deps.random) };
      } else {
        for (const key of draft.covered) moveView(views.get(key), settled.last);
        ahead.draft.setGround(settled.last);
        next = { draft: ahead.draft, ground: { position: settled.last, isRead: false } };
        // Once the next chain is sent: whoever is told sends the next command, and all of that takes time.
        setImmediate(settled.tell);
      }
    } catch (error) {
      // Such as the random generator's: nobody is left without an answer. Who has one already keeps it.
      ahead.stop();
      for (const { reject } of [...jobsOf(draft), ...jobsOf(ahead.draft)]) reject(error);
      return { again: [], restMs: 0 };
    }
  }
  return remainder;
}

/** What is left of a chain that was not sent, or whose call failed: its jobs are told but where misfits were among them. */
function remainderOf<Job extends CommandJob>(
  draft: Draft<Job>,
  { error, misfits }: Sent<Job>,
  waiting: readonly Job[],
): Remainder<Job> {
  const others = jobsOf(draft).filter((job) => !misfits.has(job));
  if (misfits.size > 0) return { again: [...others, ...waiting], restMs: 0 };
  for (const { reject } of others) reject(error);
  return { again: waiting, restMs: 0 };
}

interface Sent<Job> {
  /** Undefined where it was not sent, or its call failed. */
  readonly outcomes: readonly ChainOutcome[] | undefined;
  readonly error: unknown;
  /** Rejected, as their schemas were refused; nothing was sent then. */
  readonly misfits: ReadonlySet<Job>;
}

/** Never rejects. */
async function sendChain<Job extends CommandJob>(
  { appends }: Pick<BatchDeps, "appends">,
  ledgerId: bigint,
  { entries }: Draft<Job>,
): Promise<Sent<Job>> {
  let misfits: ReadonlySet<Job> = new Set();
  try {
    misfits = await keepSchemas(entries);
    if (misfits.size > 0) return { outcomes: undefined, error: undefined, misfits };
    const requests = entries.flatMap(({ request }) => request ?? []);
    const outcomes = requests.length === 0 ? [] : await appends.appendChain(ledgerId, requests);
    return { outcomes, error: undefined, misfits };
  } catch (error) {
    return { outcomes: undefined, error, misfits };
  }
}

function jobsOf<Job extends CommandJob>({ entries }: Draft<Job>): Job[] {
  return entries.map(({ job }) => job);
}

/** One view for each key, as of now. */
function shareViews(jobs: readonly CommandJob[]): Map<string, ModelView> {
  const views = new Map<string, ModelView>();
  for (const job of jobs)
    for (const view of job.views.values()) if (!views.has(view.key)) views.set(view.key, { ...view });
  return views;
}

/** Both results; where one fails, its error, once the other has come to its end too. */
async function settleBoth<A, B>(one: Promise<A>, other: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([one, other]);
  return Promise.all([one, other]);
}

/** The jobs that were not recorded or rejected before; the others are settled. */
async function withoutKnown<Job extends CommandJob>(
  { store }: BatchDeps,
  ledgerId: bigint,
  jobs: readonly Job[],
): Promise<readonly Job[]> {
  const ids = jobs.flatMap(({ execution }) => (execution.repeatable ? [execution.commandId] : []));
  if (ids.length === 0) return jobs;
  const known = await store.knownCommands(ledgerId, ids);
  const unknown: Job[] = [];
  for (const job of jobs) {
    const { commandId } = job.execution;
    const record = known.has(commandId) ? await store.findCommand(ledgerId, commandId) : undefined;
    if (record === undefined) unknown.push(job);
    else job.resolve(outcomeOfRecord(record, job.execution.requestHash));
  }
  return unknown;
}

/** Keeps the schemas of what is about to be recorded. Jobs whose schemas are refused are rejected, and returned. */
async function keepSchemas<Job extends CommandJob>(entries: readonly Entry<Job>[]): Promise<ReadonlySet<Job>> {
  const misfits = new Set<Job>();
  const used = new Map<CommandJob["schemas"], Set<AnyEventDefinition>>();
  for (const { job, used: own } of entries) {
    const all = used.get(job.schemas);
    if (all === undefined) used.set(job.schemas, new Set(own));
    else for (const definition of own) all.add(definition);
  }
  try {
    for (const [schemas, definitions] of used) if (definitions.size > 0) await schemas.keepUsed(definitions);
    return misfits;
  } catch {
    // One by one, to find whose they are.
  }
  for (const { job, used: own } of entries) {
    if (own.size === 0) continue;
    try {
      await job.schemas.keepUsed(own);
    } catch (error) {
      job.reject(error);
      misfits.add(job);
    }
  }
  return misfits;
}

/**
 * Puts the views back for the next batch. A request that was recorded on a view shows that nothing else had met its query
 * before it. Where the chain's events stand side by side, nobody's came between either, and the view holds at the last.
 */
function keepViews(
  kept: KeptStates,
  views: ReadonlyMap<string, ModelView>,
  covered: ReadonlySet<string>,
  last: bigint | undefined,
): void {
  for (const { key, state, position } of views.values()) {
    if (!covered.has(key)) kept.put(key, { state, position });
    else if (last !== undefined) kept.put(key, { state, position: last });
  }
}

function moveView(view: ModelView | undefined, position: bigint): void {
  if (view !== undefined) view.position = position;
}

function restAfter(attempts: number, random: (length: number) => Bytes): number {
  const longest = Math.min(LONGEST_REST_MS, FIRST_REST_MS * 2 ** (attempts - 1));
  const [high = 0, low = 0] = random(2);
  return (longest / 2) * (1 + (high * 256 + low) / 65_536);
}
