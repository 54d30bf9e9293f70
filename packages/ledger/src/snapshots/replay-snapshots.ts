import { LedgerError } from "@eventchain/core";
import {
  openPostgresProjections,
  openPostgresSnapshots,
  openPostgresStore,
  type PostgresStore,
  type StoredSnapshot,
} from "@eventchain/store";
import { listDefinitions } from "../events/list-definitions.ts";
import { folder } from "../models/fold-events.ts";
import type { AnyModel } from "../models/types.ts";
import type { LedgerOptions } from "../types.ts";
import { type Branch, branchOfRule, branchOfStream } from "./branches.ts";
import { isModelProjection, isOfModel } from "./list-rules.ts";
import { eventsUpTo } from "./read-state-at.ts";
import { type ReplayedRows, replayRows } from "./replay-rows.ts";
import { branchOfProjection } from "./snapshot-projection.ts";
import { stateJson } from "./state-json.ts";
import type { ModelProjection } from "./types.ts";

const PAGE_SNAPSHOTS = 100;

export interface ReplaySnapshotsDeps {
  readonly ledgerId: bigint;
  readonly pool: PostgresStore["pool"];
  readonly signal?: AbortSignal | undefined;
}

/** A snapshot whose state is not what its events give. */
export interface UnfoundedSnapshot {
  readonly branch: string;
  readonly position: bigint;
  /** Of the event that commits to it. */
  readonly eventPosition: bigint;
  /** One line. */
  readonly problem: string;
}

export interface ReplayedSnapshots {
  readonly replayed: bigint;
  /** Of models or projections, or versions of them, that the options have not; and those with events whose data is erased. */
  readonly skipped: bigint;
  readonly unfounded: readonly UnfoundedSnapshot[];
}

/**
 * Makes the state of each of a ledger's snapshots anew from events alone, by the models that the options name, and compares.
 * Whether a snapshot is what was committed to is the verifier's to check.
 * Errors: LedgerError `config-invalid`, `aborted`, `database-…`.
 */
export async function replaySnapshots(
  deps: ReplaySnapshotsDeps,
  options: Pick<LedgerOptions, "models" | "commands" | "projections" | "snapshots">,
): Promise<ReplayedSnapshots> {
  const find = branchFinder(options);
  const findProjection = projectionFinder(options);
  const replay = replayer(deps);
  const replayProjection = projectionReplayer(deps);
  let [replayed, skipped] = [0n, 0n];
  const unfounded: UnfoundedSnapshot[] = [];
  for await (const snapshot of listAll(deps)) {
    const [branch, projection] = [find(snapshot), findProjection(snapshot)];
    const problem =
      projection !== undefined
        ? await replayProjection(projection, snapshot)
        : branch === undefined
          ? "skipped"
          : await replay(branch, snapshot);
    if (problem === "skipped") skipped += 1n;
    else replayed += 1n;
    const { position, eventPosition } = snapshot;
    if (problem !== "skipped" && problem !== undefined)
      unfounded.push({ branch: snapshot.branch, position, eventPosition, problem });
  }
  return { replayed, skipped, unfounded };
}

async function* listAll({ ledgerId, pool, signal }: ReplaySnapshotsDeps): AsyncGenerator<StoredSnapshot> {
  const snapshots = openPostgresSnapshots(pool);
  for (let after: StoredSnapshot | undefined; ; ) {
    const page = await snapshots.list(ledgerId, { ...(after === undefined ? {} : { after }), limit: PAGE_SNAPSHOTS });
    for (const snapshot of page) {
      if (signal?.aborted === true)
        throw new LedgerError("aborted", "the replay of snapshots was interrupted", { cause: signal.reason });
      yield snapshot;
    }
    after = page.at(-1);
    if (page.length < PAGE_SNAPSHOTS) return;
  }
}

/** What a snapshot is a state of; undefined where no model says so. */
function branchFinder({
  models,
  commands,
  projections,
  snapshots,
}: Parameters<typeof replaySnapshots>[1]): (snapshot: StoredSnapshot) => Branch | undefined {
  const rules = listDefinitions(snapshots, "snapshots", "snapshots").filter(isOfModel);
  const known: AnyModel[] = [
    ...listDefinitions(models, "models", "model"),
    ...listDefinitions(commands, "commands", "command").flatMap((command) => [...command.models.values()]),
    ...listDefinitions(projections, "projections", "projection").flatMap(({ model }) => model?.model ?? []),
    ...rules.map(({ model }) => model),
  ];
  const branches = rules.flatMap((rule) => branchOfRule(rule) ?? []);
  return ({ branch, of, version, schema }) => {
    if (version === undefined)
      return branches.find(({ name, model }) => name === branch && of === branch && model.version === schema);
    const model = known.find((each) => each.version === schema && branch.startsWith(`${each.name}/`));
    if (model === undefined) return undefined;
    const own = branchOfStream(model, of);
    return own.name === branch ? own : undefined;
  };
}

/** The projection whose rows a snapshot commits to; undefined where it is of none, or of another version. */
function projectionFinder({
  projections,
  snapshots,
}: Parameters<typeof replaySnapshots>[1]): (snapshot: StoredSnapshot) => ModelProjection | undefined {
  const known: ModelProjection[] = [
    ...listDefinitions(projections, "projections", "projection").filter(isModelProjection),
    ...listDefinitions(snapshots, "snapshots", "snapshots").flatMap(({ projection }) => projection ?? []),
  ];
  return ({ branch, of, schema }) =>
    known.find(({ name, version }) => branchOfProjection(name) === branch && name === of && version === schema);
}

/** As `replayer`, of the rows of projections. */
function projectionReplayer({
  ledgerId,
  pool,
}: ReplaySnapshotsDeps): (projection: ModelProjection, snapshot: StoredSnapshot) => Promise<string | undefined> {
  const store = openPostgresProjections(pool);
  let last: { projection: ModelProjection; rows: ReplayedRows } | undefined;
  return async (projection, { position, state }) => {
    if (last?.projection !== projection || last.rows.position > position)
      last = { projection, rows: replayRows(store, ledgerId, projection) };
    try {
      const digest = await last.rows.advance(position);
      if (digest === undefined) return "skipped";
      return stateJson(digest) === state ? undefined : "its rows are not what its events give";
    } catch (error) {
      last = undefined;
      if (error instanceof LedgerError && error.code.startsWith("database-")) throw error;
      return `its events give no rows: ${error instanceof Error ? error.message : String(error)}`;
    }
  };
}

/** Replays snapshots in the order of their branches and positions: each goes on where the one before it ended. */
function replayer({
  ledgerId,
  pool,
}: ReplaySnapshotsDeps): (branch: Branch, snapshot: StoredSnapshot) => Promise<string | undefined> {
  const store = openPostgresStore({ pool });
  let last: { key: string; position: bigint; state: unknown; isErased: boolean } | undefined;
  return async (branch, snapshot) => {
    const key = JSON.stringify([branch.name, snapshot.schema]);
    if (last?.key !== key || last.position > snapshot.position)
      last = { key, position: 0n, state: branch.model.initial(), isErased: false };
    const at = last;
    const fold = folder(branch.model);
    try {
      for await (const event of eventsUpTo(
        { store, ledgerId, scope: {} },
        branch.query,
        at.position,
        snapshot.position,
      )) {
        at.isErased ||= event.data === null;
        at.state = fold(at.state, event);
      }
      at.position = snapshot.position;
      // What was erased is in the state still, or not any more: nobody can tell.
      if (at.isErased) return "skipped";
      return stateJson(at.state) === snapshot.state ? undefined : "its state is not what its events give";
    } catch (error) {
      last = undefined;
      if (!(error instanceof LedgerError) || error.code.startsWith("database-")) throw error;
      return `its events give no state: ${error.message}`;
    }
  };
}
