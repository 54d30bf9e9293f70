import { LedgerError } from "@eventchain/core";
import { type SnapshotOnce, type SnapshotOnceDeps, type SnapshotRule, snapshotOnce } from "@eventchain/ledger";
import {
  openPostgresProjections,
  openPostgresSnapshotCursors,
  openPostgresSnapshots,
  openPostgresTroubles,
} from "@eventchain/store";
import type { AppLedger, AppStage, StageDeps, StageReport } from "./app/types.ts";
import { type KeptTroubles, openKeptTroubles } from "./kept-troubles.ts";
import { Troubles } from "./run/logger.ts";

/** What stands in the way of a process's rules: in its log, and for people to see, by ledger. */
interface Standing {
  readonly logged: Troubles;
  readonly kept: Map<string, KeptTroubles>;
}

/** By the signal that ends a process's workers. */
const standing = new WeakMap<AbortSignal, Standing>();

function standingOf({ signal, logger }: StageDeps): Standing {
  const known = standing.get(signal);
  if (known !== undefined) return known;
  const made: Standing = { logged: new Troubles(logger, () => performance.now()), kept: new Map() };
  standing.set(signal, made);
  return made;
}

function keptOf(app: AppLedger, { kept }: Standing): KeptTroubles {
  const known = kept.get(app.origin);
  if (known !== undefined) return known;
  const made = openKeptTroubles(openPostgresTroubles(app.store.pool), app, () => performance.now());
  kept.set(app.origin, made);
  return made;
}

/**
 * One round of a ledger's snapshots: for each rule that is async and on, those that are due of the events that came since.
 * Several workers share the rules, each on one at a time. What is wrong with a rule is logged, and kept as its trouble until
 * it works again.
 */
export const snapshotLedger: AppStage = async (app, deps) => {
  const rounds: SnapshotOnce[] = [];
  for (const rule of app.snapshots) {
    if (deps.signal.aborted) break;
    if (rule.mode !== "async" || !app.isOn(rule.name)) continue;
    const round = await roundOf(app, deps, rule);
    if (round !== undefined) rounds.push(round);
  }
  return reportOf(rounds);
};

/** Undefined where another worker has the rule, or its trouble is its own. Errors: LedgerError `database-unavailable`. */
async function roundOf(app: AppLedger, deps: StageDeps, rule: SnapshotRule): Promise<SnapshotOnce | undefined> {
  const { name } = rule;
  const key = `${app.origin} ${name}`;
  const standing = standingOf(deps);
  const values = { ledger: app.origin, handler: name };
  const kept = keptOf(app, standing);
  let round: SnapshotOnce | undefined;
  try {
    round = await snapshotOnce(depsOf(app, deps), rule);
  } catch (error) {
    if (error instanceof LedgerError && error.code === "database-unavailable") throw error;
    standing.logged.note(key, "snapshots-stopped", error, values);
    await kept.failed(name, error instanceof Error ? error.message : String(error));
    return undefined;
  }
  standing.logged.over(key, "snapshots-go-on", values);
  if (round?.problem !== undefined) await kept.failing(name, round.problem);
  else if (round !== undefined) await (round.taken > 0 ? kept.works(name) : kept.runs(name));
  return round;
}

function depsOf({ ledgerId, origin, store }: AppLedger, { clock, logger }: StageDeps): SnapshotOnceDeps {
  return {
    ledgerId,
    origin,
    store,
    snapshots: openPostgresSnapshots(store.pool),
    cursors: openPostgresSnapshotCursors(store.pool),
    projections: openPostgresProjections(store.pool),
    clock,
    report: ({ code, branch, position, detail, ledger }) =>
      logger("warn", code, { ledger, branch, position, message: detail }),
  };
}

function reportOf(rounds: readonly SnapshotOnce[]): StageReport {
  const times = rounds.flatMap(({ nextAtMs }) => nextAtMs ?? []);
  const nextAtMs = times.reduce<bigint | undefined>(
    (first, time) => (first === undefined || time < first ? time : first),
    undefined,
  );
  const more = rounds.some((round) => round.more);
  return nextAtMs === undefined ? { more } : { more, nextAtMs };
}
