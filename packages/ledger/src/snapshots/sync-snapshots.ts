import { LedgerError } from "@eventchain/core";
import type { ReceiptEvent } from "../types.ts";
import { type Branch, branchOfRule, branchOfStream, coversStream } from "./branches.ts";
import { findStarts } from "./find-starts.ts";
import type { SnapshotProblem } from "./report.ts";
import type { TakeDeps } from "./take-snapshot.ts";
import type { ModelSnapshotRule } from "./types.ts";
import { walkBranch } from "./walk-branch.ts";

/** Takes the snapshots of the rules that are `sync`, by whoever has appended. */
export interface SyncSnapshots {
  /** Once events are recorded: takes what is due with them. Never rejects: what fails is reported. */
  after(events: readonly ReceiptEvent[]): Promise<void>;
}

/** Of how many branches it is known without a read where their newest snapshot stands. */
const MAX_KNOWN = 10_000;

/** Where the newest snapshot of a branch stands; 0 where it has none. */
interface Known {
  readonly version: bigint;
  readonly position: bigint;
  /** What an interval is counted from. */
  readonly sinceMicros: bigint | undefined;
}

export function openSyncSnapshots(deps: TakeDeps, isOn: (handler: string) => Promise<boolean>): SyncSnapshots {
  const rules = deps.rules.filter(({ mode }) => mode === "sync");
  const known = new Map<string, Known>();
  const busy = new Map<string, Promise<void>>();
  const unfit = new Set<ModelSnapshotRule>();

  /** One after the other of one branch: the second of two that come at once finds what the first has taken. */
  function inTurn(branch: string, run: () => Promise<void>): Promise<void> {
    const turn = (busy.get(branch) ?? Promise.resolve()).then(run);
    busy.set(branch, turn);
    return turn.finally(() => {
      if (busy.get(branch) === turn) busy.delete(branch);
    });
  }

  async function newestOf(branch: Branch): Promise<Known> {
    const found = known.get(branch.name);
    if (found !== undefined) return found;
    const [start] = await findStarts(deps, [{ branch }]);
    const fresh = { version: start?.version ?? 0n, position: start?.position ?? 0n, sinceMicros: start?.takenAtMicros };
    return remember(branch, fresh);
  }

  function remember({ name }: Branch, newest: Known): Known {
    known.delete(name);
    known.set(name, newest);
    for (const oldest of known.keys()) {
      if (known.size <= MAX_KNOWN) break;
      known.delete(oldest);
    }
    return newest;
  }

  /** Whether it may be due, by what is known without the events' data. */
  async function mayBeDue({ every }: ModelSnapshotRule, branch: Branch, last: ReceiptEvent): Promise<boolean> {
    if (typeof every === "function") return true;
    if (typeof every === "number" && branch.stream !== undefined && last.version < BigInt(every)) return false;
    const newest = await newestOf(branch);
    if (last.position <= newest.position) return false;
    if (typeof every === "object") {
      const since = newest.sinceMicros ?? (await firstMicros(branch, newest));
      return since !== undefined && last.recordedAtMicros - since >= BigInt(every.ms) * 1000n;
    }
    if (branch.stream !== undefined) return last.version - newest.version >= BigInt(every);
    const range = { query: branch.query, after: newest.position, to: last.position };
    return (await deps.store.count(deps.ledgerId, range)) >= BigInt(every);
  }

  /** When the first event of a branch without a snapshot was recorded. */
  async function firstMicros(branch: Branch, newest: Known): Promise<bigint | undefined> {
    for await (const { recordedAtMicros } of deps.store.readAll(deps.ledgerId, { query: branch.query, limit: 1 })) {
      remember(branch, { ...newest, sinceMicros: recordedAtMicros });
      return recordedAtMicros;
    }
    return undefined;
  }

  async function snapshotOne(rule: ModelSnapshotRule, branch: Branch, events: readonly ReceiptEvent[]): Promise<void> {
    const [first, last] = [events[0], events.at(-1)];
    if (first === undefined || last === undefined || unfit.has(rule)) return;
    try {
      if (!(await mayBeDue(rule, branch, last)) || !(await isOn(rule.name))) return;
      const { taken } = await walkBranch(deps, rule, branch, { since: first.position - 1n, upTo: last.position });
      if (taken > 0) known.delete(branch.name);
    } catch (error) {
      known.delete(branch.name);
      if (isUnfit(error)) unfit.add(rule);
      deps.report(problemOf(error, deps.origin, branch, last.position));
    }
  }

  return {
    async after(events) {
      if (rules.length === 0 || events.length === 0) return;
      const branches = rules.flatMap((rule) => touchedBy(rule, events).map((touched) => ({ rule, ...touched })));
      await Promise.all(
        branches.map(({ rule, branch, own }) => inTurn(branch.name, () => snapshotOne(rule, branch, own))),
      );
    },
  };
}

/** An event that was recorded, as far as it tells which branches it is part of. */
type Placed = Pick<ReceiptEvent, "stream" | "type">;

/** The branches of a rule that events are part of, each with its own. Of a query they may be: their tags are not asked. */
export function touchedBy<E extends Placed>(
  rule: ModelSnapshotRule,
  events: readonly E[],
): { readonly branch: Branch; readonly own: readonly E[] }[] {
  const { model } = rule;
  const handled = new Set(model.events.map(({ type }) => type));
  const branch = branchOfRule(rule);
  if (branch !== undefined) {
    const own = events.filter(
      ({ type }) =>
        !type.startsWith("$") && branch.query.some(({ types }) => types === undefined || types.includes(type)),
    );
    return own.length === 0 ? [] : [{ branch, own }];
  }
  const byStream = Map.groupBy(
    events.filter(({ type, stream }) => handled.has(type) && coversStream(rule, model, stream)),
    ({ stream }) => stream,
  );
  return [...byStream].map(([stream, own]) => ({ branch: branchOfStream(model, stream), own }));
}

/** Whether it is the model's states that cannot be kept, today and at the next event. */
export function isUnfit(error: unknown): boolean {
  return error instanceof LedgerError && (error.code === "invalid-value" || error.code === "too-large");
}

/** What is to be told of a snapshot that could not be taken. */
export function problemOf(error: unknown, ledger: string, branch: Branch, position: bigint): SnapshotProblem {
  const detail = error instanceof Error ? error.message : String(error);
  return { code: isUnfit(error) ? "state-not-json" : "snapshot-failed", ledger, branch: branch.name, position, detail };
}
