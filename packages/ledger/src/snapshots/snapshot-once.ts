import type { ProjectionStore, SnapshotCursors, SnapshotRound, StoredEvent } from "@eventchain/store";
import { type Branch, branchOfRule, branchOfStream } from "./branches.ts";
import { findStarts } from "./find-starts.ts";
import { snapshotRowsOnce } from "./snapshot-rows-once.ts";
import { isUnfit, problemOf, touchedBy } from "./sync-snapshots.ts";
import type { TakeDeps } from "./take-snapshot.ts";
import type { ModelSnapshotRule, SnapshotRule } from "./types.ts";
import { type WalkBounds, type Walked, walkBranch } from "./walk-branch.ts";

/** Events that one round looks at, at most. */
const PAGE_SIZE = 500;

/** Branches that are read and taken at the same time. */
const AT_ONCE = 4;

/** Branches of an interval that one round takes, at most. */
const MAX_DUE = 100;

export interface SnapshotOnceDeps extends Omit<TakeDeps, "store" | "rules"> {
  readonly store: TakeDeps["store"] & { head(ledgerId: bigint): Promise<{ position: bigint; hash: Uint8Array }> };
  readonly cursors: SnapshotCursors;
  readonly projections: Pick<ProjectionStore, "list" | "select">;
}

/** What one round found. */
export interface SnapshotOnce {
  /** There is more to look at. */
  readonly more: boolean;
  /** When a snapshot is due though nothing is appended: milliseconds since 1970-01-01 UTC. */
  readonly nextAtMs: bigint | undefined;
  /** How many snapshots it took. */
  readonly taken: number;
  /** Why one that was due could not be taken, as was reported. */
  readonly problem: string | undefined;
}

/** What a round comes to, while it runs. */
interface Tally {
  taken: number;
  problem: string | undefined;
}

type RoundDeps = TakeDeps & { readonly tally: Tally };

/** Rules whose model's states cannot be kept, as was reported: until the process ends. */
const unfit = new WeakSet<ModelSnapshotRule>();

/**
 * One round of a rule: looks at the events that came since the last one, at most 500, and takes the snapshots that are due.
 * Undefined where another process is at it.
 *
 * 1. each snapshot that is due, a commit of its own; a restart takes those that are missing, and finds the others.
 * 2. the cursor and what waits, in one commit; a restart before it does the round again.
 *
 * What a model or a rule's function throws is reported, and hinders no other branch.
 * Errors: those of the store; LedgerError `forked`, `ledger-halted`.
 */
export function snapshotOnce(deps: SnapshotOnceDeps, rule: SnapshotRule): Promise<SnapshotOnce | undefined> {
  return rule.projection === undefined ? snapshotStatesOnce(deps, rule) : snapshotRowsOnce(deps, rule);
}

function snapshotStatesOnce(deps: SnapshotOnceDeps, rule: ModelSnapshotRule): Promise<SnapshotOnce | undefined> {
  return deps.cursors.work(deps.ledgerId, rule.name, async (round) => {
    const { page, end, more } = await readPage(deps, rule, round.cursor.position);
    const tally: Tally = { taken: 0, problem: undefined };
    const all = { ...deps, rules: [rule], tally };
    if (typeof rule.every === "object") await noteWaits(all, rule, round, page);
    else await walkTouched(all, rule, round, page);
    const overdue = await takeOverdue(all, rule, round, end.position);
    if (end.position > round.cursor.position) await round.move({ ...end, counted: 0n });
    // What waits may be from a time when the rule had an interval.
    const next = typeof rule.every === "object" ? await round.nextDueMicros() : undefined;
    return { more: more || overdue, nextAtMs: next === undefined ? undefined : next / 1000n + 1n, ...tally };
  });
}

interface Page {
  readonly page: readonly StoredEvent[];
  /** Up to where was looked. */
  readonly end: { readonly position: bigint; readonly hash: Uint8Array };
  readonly more: boolean;
}

async function readPage({ store, ledgerId }: SnapshotOnceDeps, rule: ModelSnapshotRule, after: bigint): Promise<Page> {
  const head = await store.head(ledgerId);
  const page: StoredEvent[] = [];
  const handled = rule.model.events.map(({ type }) => type);
  const query = branchOfRule(rule)?.query ?? [{ types: handled }];
  if (head.position > after && query.length > 0 && handled.length > 0)
    for await (const event of store.readAll(ledgerId, { query, after, to: head.position, limit: PAGE_SIZE }))
      page.push(event);
  const last = page.at(-1);
  const more = last !== undefined && page.length === PAGE_SIZE;
  return { page, end: more ? last : head, more };
}

async function walkTouched(
  deps: RoundDeps,
  rule: ModelSnapshotRule,
  round: SnapshotRound,
  page: readonly StoredEvent[],
): Promise<void> {
  const touched = touchedBy(rule, page);
  const { every } = rule;
  // What has fewer events than that since its newest snapshot needs no reading.
  const starts =
    typeof every === "number" && rule.of === undefined
      ? await findStarts(
          deps,
          touched.map(({ branch, own }) => ({ branch, upToPosition: own.at(-1)?.position ?? 0n })),
        )
      : undefined;
  const walks = touched.flatMap(({ branch, own }, index): Walk[] => {
    const last = own.at(-1);
    if (last === undefined) return [];
    if (starts === undefined) return [{ branch, upTo: last.position, from: undefined }];
    const start = starts[index];
    const isDue = last.version - (start?.version ?? 0n) >= BigInt(every as number);
    return isDue ? [{ branch, upTo: last.position, from: { start } }] : [];
  });
  for (let at = 0; at < walks.length; at += AT_ONCE) {
    await Promise.all(
      walks
        .slice(at, at + AT_ONCE)
        .map(({ branch, upTo, from }) =>
          hindering(deps, rule, branch, upTo, () =>
            walkBranch(deps, rule, branch, { since: round.cursor.position, upTo, from }),
          ),
        ),
    );
    await round.touch();
  }
}

/** A branch to be walked; `from`: its newest snapshot, where that is known. */
type Walk = Pick<WalkBounds, "upTo" | "from"> & { readonly branch: Branch };

/** By an interval: each branch with new events is due so long after its newest snapshot, or its first event without one. */
async function noteWaits(
  deps: TakeDeps,
  rule: ModelSnapshotRule,
  round: SnapshotRound,
  page: readonly StoredEvent[],
): Promise<void> {
  const { every } = rule;
  if (typeof every !== "object") return;
  const touched = touchedBy(rule, page);
  const starts = await findStarts(deps, touched);
  await round.wait(
    touched.flatMap(({ branch, own }, index) => {
      const [first, last, start] = [own[0], own.at(-1), starts[index]];
      if (first === undefined || last === undefined || last.position <= (start?.position ?? 0n)) return [];
      const since = start?.takenAtMicros ?? first.recordedAtMicros;
      return [{ stream: branch.stream ?? "", dueAtMicros: since + BigInt(every.ms) * 1000n }];
    }),
  );
}

/** Gives whether there may be more that is due by now. */
async function takeOverdue(
  deps: RoundDeps,
  rule: ModelSnapshotRule,
  round: SnapshotRound,
  upTo: bigint,
): Promise<boolean> {
  if (typeof rule.every !== "object") return false;
  const nowMicros = deps.clock() * 1000n;
  const due = await round.due(nowMicros, MAX_DUE);
  for (const stream of due) {
    const branch = branchOfRule(rule) ?? branchOfStream(rule.model, stream);
    await hindering(deps, rule, branch, upTo, () =>
      walkBranch(deps, rule, branch, { since: round.cursor.position, upTo, nowMicros }),
    );
    await round.over(stream);
  }
  return due.length === MAX_DUE;
}

/** What is the app's own fault is reported, once where it will not end; what is the store's is thrown. */
async function hindering(
  deps: RoundDeps,
  rule: ModelSnapshotRule,
  branch: Branch,
  position: bigint,
  run: () => Promise<Walked>,
): Promise<void> {
  if (unfit.has(rule)) return;
  try {
    deps.tally.taken += (await run()).taken;
  } catch (error) {
    if (isStores(error)) throw error;
    if (isUnfit(error)) unfit.add(rule);
    const problem = problemOf(error, deps.origin, branch, position);
    deps.tally.problem = problem.detail;
    deps.report(problem);
  }
}

const STORE_CODES = /^(database-.*|timeout|not-migrated|ledger-halted|ledger-not-found|aborted)$/;

function isStores(error: unknown): boolean {
  return STORE_CODES.test(String((error as { code?: unknown } | null)?.code));
}
