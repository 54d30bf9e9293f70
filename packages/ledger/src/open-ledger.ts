import type { Bytes } from "@eventchain/core";
import { uuidv7 } from "@eventchain/core";
import type {
  AccessScope,
  CheckpointStore,
  EventStore,
  GroupedAppends,
  LedgerRecord,
  LogStore,
  SnapshotStore,
} from "@eventchain/store";
import { openView } from "./access/open-view.ts";
import { appendEvents } from "./append-events.ts";
import { awaitPosition } from "./await-position.ts";
import { executeCommand } from "./commands/execute-command.ts";
import type { Commands } from "./commands/open-commands.ts";
import type { AnyCommand, CommandInput, CommandReceipt, ExecuteOptions, RejectionCode } from "./commands/types.ts";
import type { SchemaRegistry } from "./events/schema-registry.ts";
import { findReceipt } from "./find-receipt.ts";
import { guardLedger } from "./guard-verbs.ts";
import { listHandlers } from "./handlers/list-handlers.ts";
import { namesOf } from "./handlers/names-of.ts";
import type { HandlerStores } from "./handlers/stores.ts";
import { switchHandler } from "./handlers/switch-handler.ts";
import { type Gate, openGate } from "./open-gate.ts";
import { openReads } from "./open-reads.ts";
import type { ProjectionWatch } from "./projections/await-projected.ts";
import { openProjections } from "./projections/open-projections.ts";
import { dropReactionTask, listReactions, listTasks, retryReaction } from "./reactions/manage-reactions.ts";
import { readStatus } from "./read-status.ts";
import { isOfModel, listRules } from "./snapshots/list-rules.ts";
import { listSnapshots } from "./snapshots/list-snapshots.ts";
import { type Report, safely, warn } from "./snapshots/report.ts";
import { snapshotNow } from "./snapshots/snapshot-now.ts";
import { pickProjection, snapshotProjection } from "./snapshots/snapshot-projection.ts";
import { openSyncSnapshots } from "./snapshots/sync-snapshots.ts";
import type { HeadWatch } from "./subscribe/watch-head.ts";
import type { Ledger, LedgerOptions } from "./types.ts";
import type { WatermarkWatch } from "./watch-watermarks.ts";

/** What the verbs of a ledger work with. */
export interface LedgerDeps {
  record: LedgerRecord;
  store: EventStore;
  log: Pick<LogStore, "checkpoint" | "tiles" | "coveringAnchor" | "recentAnchors" | "contracts" | "alarms" | "waiting">;
  appends: Pick<GroupedAppends, "append">;
  /** Shared by all that a process opens of one store, as its lanes hold for the process. */
  commands: Commands;
  schemas: SchemaRegistry;
  watch: WatermarkWatch;
  handlers: HandlerStores;
  heads: HeadWatch;
  projected: ProjectionWatch | undefined;
  checkpoints: CheckpointStore;
  snapshots: SnapshotStore;
  /** Told of what is wrong with snapshots. Default: a warning of the process. */
  report?: Report | undefined;
  clock: () => bigint;
  /** What each verb goes through. Default: one that stays open. */
  gate?: Gate | undefined;
  /** For ids and salts. Default: the platform's. */
  random?: ((length: number) => Bytes) | undefined;
}

/** Makes the object that an app works with; it holds nothing that would have to be closed. */
export function openLedger({ record, ...rest }: LedgerDeps, options: LedgerOptions = {}): Ledger {
  const { ledgerId, origin } = record;
  const { access, rowSecurity = false, recordRejections = false, require: required = [] } = options;
  const { schemas, clock, random, gate = openGate() } = rest;
  const handlerNames = namesOf(options);
  const use = {
    ledgerId,
    origin,
    ...{ store: rest.store, snapshots: rest.snapshots, clock, random },
    rules: listRules(options).filter(isOfModel),
    report: safely(rest.report ?? warn),
  };
  const { projections } = rest.handlers;
  const { awaitProjected, ...projecting } = openProjections({ ...rest, ledgerId, projections }, options);
  const newCommandId = (): string => uuidv7(clock(), random?.(10));
  const deps = {
    ...rest,
    projected: awaitProjected,
    gate,
    ledgerId,
    origin,
    required,
    rules: { recordRejections, schemas, use },
    newCommandId,
    use,
  };
  const sync = openSyncSnapshots(use, async (name) => {
    const switches = await rest.handlers.switches.list(ledgerId);
    return switches.find(({ handler }) => handler === name)?.enabled !== false;
  });

  /** The codes of a receipt are the command's: what was recorded under its id was checked against them. */
  const execute = async <C extends AnyCommand>(
    command: C,
    input: CommandInput<C>,
    how: ExecuteOptions,
    scope: AccessScope,
  ): Promise<CommandReceipt<RejectionCode<C>>> => {
    const receipt = await executeCommand(deps, command, input, how, scope);
    if (receipt.status === "recorded") await sync.after(receipt.events);
    return receipt as CommandReceipt<RejectionCode<C>>;
  };

  return guardLedger(gate, {
    ...openReads(deps, {}),
    append: async (stream, events, how) => {
      const receipt = await appendEvents(deps, stream, events, how);
      await sync.after(receipt.events);
      return receipt;
    },
    // Its caller is trusted with everything.
    execute: (command, input, how) => execute(command, input, how, {}),
    as: (actor) => openView({ ...deps, execute }, { access, rowSecurity }, actor),
    receipt: (commandId) => findReceipt(deps, commandId),
    snapshot: (model, stream) => snapshotNow(use, model, stream),
    snapshotProjection: (projection) =>
      snapshotProjection({ ...use, projections }, pickProjection(options, projection)),
    snapshots: (branch) => listSnapshots(use, branch),
    handlers: () => listHandlers(deps.handlers, ledgerId),
    switchHandler: (handler, enabled, how) => switchHandler({ ...deps, handlerNames }, handler, enabled, how),
    reactions: () => listReactions(deps),
    reactionTasks: (which) => listTasks(deps, which),
    retryReaction: (which) => retryReaction(deps, which),
    dropReactionTask: (which) => dropReactionTask(deps, which),
    ...projecting,
    watermarks: () => deps.store.watermarks(ledgerId),
    status: () => readStatus({ ...deps, listProjections: projecting.projections }),
    awaitPosition: (position, how) => awaitPosition(deps, position, how),
  });
}
