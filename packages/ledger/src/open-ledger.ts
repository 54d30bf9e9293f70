import type { Bytes } from "@eventchain/core";
import { uuidv7 } from "@eventchain/core";
import type {
  AccessScope,
  CheckpointStore,
  EventStore,
  GroupedAppends,
  LedgerRecord,
  LogStore,
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
import { dropReactionTask, listReactions, listTasks, retryReaction } from "./reactions/manage-reactions.ts";
import { readStatus } from "./read-status.ts";
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
  checkpoints: CheckpointStore;
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
  const newCommandId = (): string => uuidv7(clock(), random?.(10));
  const deps = { ...rest, gate, ledgerId, origin, required, rules: { recordRejections, schemas }, newCommandId };

  /** The codes of a receipt are the command's: what was recorded under its id was checked against them. */
  const execute = <C extends AnyCommand>(
    command: C,
    input: CommandInput<C>,
    how: ExecuteOptions,
    scope: AccessScope,
  ): Promise<CommandReceipt<RejectionCode<C>>> =>
    executeCommand(deps, command, input, how, scope) as Promise<CommandReceipt<RejectionCode<C>>>;

  return guardLedger(gate, {
    ...openReads(deps, {}),
    append: (stream, events, how) => appendEvents(deps, stream, events, how),
    // Its caller is trusted with everything.
    execute: (command, input, how) => execute(command, input, how, {}),
    as: (actor) => openView({ ...deps, execute }, { access, rowSecurity }, actor),
    receipt: (commandId) => findReceipt(deps, commandId),
    handlers: () => listHandlers(deps.handlers, ledgerId),
    switchHandler: (handler, enabled, how) => switchHandler({ ...deps, handlerNames }, handler, enabled, how),
    reactions: () => listReactions(deps),
    reactionTasks: (which) => listTasks(deps, which),
    retryReaction: (which) => retryReaction(deps, which),
    dropReactionTask: (which) => dropReactionTask(deps, which),
    watermarks: () => deps.store.watermarks(ledgerId),
    status: () => readStatus(deps),
    awaitPosition: (position, how) => awaitPosition(deps, position, how),
  });
}
