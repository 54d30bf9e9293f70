import { LedgerError } from "@eventchain/core";
import { type SnapshotOnce, type SnapshotOnceDeps, type SnapshotRule, snapshotOnce } from "@eventchain/ledger";
import { openPostgresSnapshotCursors, openPostgresSnapshots } from "@eventchain/store";
import type { AppLedger, AppStage, StageDeps, StageReport } from "./app/types.ts";
import { Troubles } from "./run/logger.ts";

/** What stands in a process's way, by the signal that ends its workers. */
const standing = new WeakMap<AbortSignal, Troubles>();

function troublesOf({ signal, logger }: StageDeps): Troubles {
  const known = standing.get(signal);
  if (known !== undefined) return known;
  const made = new Troubles(logger, () => performance.now());
  standing.set(signal, made);
  return made;
}

/**
 * One round of a ledger's snapshots: for each rule that is async and on, those that are due of the events that came since.
 * Several workers share the rules, each on one at a time.
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

/** Undefined where another worker has the rule, or its trouble is its own. Errors: those of the database. */
async function roundOf(app: AppLedger, deps: StageDeps, rule: SnapshotRule): Promise<SnapshotOnce | undefined> {
  const key = `${app.origin} ${rule.name}`;
  const troubles = troublesOf(deps);
  const values = { ledger: app.origin, handler: rule.name };
  try {
    const round = await snapshotOnce(depsOf(app, deps), rule);
    troubles.over(key, "snapshots-go-on", values);
    return round;
  } catch (error) {
    if (!(error instanceof LedgerError) || !/^(forked|ledger-halted)$/.test(error.code)) throw error;
    troubles.note(key, "snapshots-stopped", error, values);
    return undefined;
  }
}

function depsOf({ ledgerId, origin, store }: AppLedger, { clock, logger }: StageDeps): SnapshotOnceDeps {
  return {
    ledgerId,
    origin,
    store,
    snapshots: openPostgresSnapshots(store.pool),
    cursors: openPostgresSnapshotCursors(store.pool),
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
