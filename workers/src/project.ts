import { LedgerError } from "@eventchain/core";
import { dropRetired, projectOnce } from "@eventchain/ledger";
import { openPostgresProjections } from "@eventchain/store";
import { asHandler } from "./app/at-work.ts";
import type { AppLedger, AppStage, StageDeps, StageReport } from "./app/types.ts";
import { Troubles } from "./run/logger.ts";

/** How soon to look again where somebody else's lock was in the way. */
const PUT_OFF_MS = 250;

/** What the rounds of one process have said, by the signal that ends its workers. */
const said = new WeakMap<AbortSignal, Troubles>();

function troublesOf({ signal, logger }: StageDeps): Troubles {
  const known = said.get(signal) ?? new Troubles(logger, () => performance.now());
  said.set(signal, known);
  return known;
}

/**
 * One round of a ledger's projections: each that is on is advanced through some batches of events; one without a build gets
 * its first, one of a new version another beside the live one. One that is stopped, or fails, hinders no other. Of those that
 * this process does not work on what was replaced is dropped all the same.
 *
 * The durable steps are those of `projectOnce` and `dropRetired`: each batch with its position is a commit of its own.
 * Errors: LedgerError `database-unavailable`.
 */
export const projectLedger: AppStage = async (app, deps) => {
  const wanted = app.projections.filter(({ name }) => app.isOn(name));
  if (app.projections.length === 0) return { more: false };
  const projections = openPostgresProjections(app.store.pool);
  const { headPosition, projections: records } = await projections.list(app.ledgerId);
  const engine = { ledgerId: app.ledgerId, projections, signal: deps.signal };
  const reports: StageReport[] = [];
  for (const projection of wanted) {
    if (deps.signal.aborted) break;
    const record = records.find(({ name }) => name === projection.name);
    reports.push(
      await guard(app, deps, projection.name, () =>
        asHandler(projection.name, () => projectOnce(engine, projection, record, headPosition)),
      ),
    );
  }
  for (const record of records) {
    if (deps.signal.aborted || wanted.some(({ name }) => name === record.name)) continue;
    const dropMs = await dropRetired(engine, record);
    if (dropMs !== undefined) reports.push({ more: false, nextAtMs: deps.clock() + BigInt(dropMs) });
  }
  const times = reports.flatMap((report) => report.nextAtMs ?? []);
  const nextAtMs = times.reduce<bigint | undefined>(
    (least, time) => (least === undefined || time < least ? time : least),
    undefined,
  );
  return { more: reports.some(({ more }) => more), nextAtMs };
};

/** Only the database's own trouble ends the round. */
async function guard(
  { origin }: AppLedger,
  deps: StageDeps,
  projection: string,
  round: () => ReturnType<typeof projectOnce>,
): Promise<StageReport> {
  const troubles = troublesOf(deps);
  const key = `${origin} ${projection}`;
  const values = { origin, projection };
  try {
    const { more, putOff, putOffMs = PUT_OFF_MS, reason } = await round();
    if (reason === undefined) troubles.over(key, "projection-goes-on", values);
    else troubles.note(key, "projection-stopped", new LedgerError("projection-stopped", reason), values);
    return { more, ...(putOff ? { nextAtMs: deps.clock() + BigInt(putOffMs) } : {}) };
  } catch (error) {
    if (error instanceof LedgerError && error.code === "database-unavailable") throw error;
    troubles.note(key, "projection-failed", error, values);
    return { more: false };
  }
}
