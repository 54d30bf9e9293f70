import type { Bytes } from "@eventchain/core";
import { uuidv7 } from "@eventchain/core";
import type { AccessScope, EventStore, GroupedAppends, LedgerRecord, LogStore } from "@eventchain/store";
import { openView } from "./access/open-view.ts";
import { appendEvents } from "./append-events.ts";
import { awaitPosition } from "./await-position.ts";
import { executeCommand } from "./commands/execute-command.ts";
import type { Commands } from "./commands/open-commands.ts";
import type {
  AnyCommand,
  CommandInput,
  CommandReceipt,
  ExecuteOptions,
  KnownActor,
  RejectionCode,
} from "./commands/types.ts";
import type { SchemaRegistry } from "./events/schema-registry.ts";
import { findReceipt } from "./find-receipt.ts";
import { openReads } from "./open-reads.ts";
import { readStatus } from "./read-status.ts";
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
  clock: () => bigint;
  /** For ids and salts. Default: the platform's. */
  random?: ((length: number) => Bytes) | undefined;
}

/** Makes the object that an app works with; it holds nothing that would have to be closed. */
export function openLedger({ record, ...rest }: LedgerDeps, options: LedgerOptions = {}): Ledger {
  const { ledgerId, origin } = record;
  const { access, rowSecurity = false, recordRejections = false, require: required = [] } = options;
  const { schemas, clock, random } = rest;
  const newCommandId = (): string => uuidv7(clock(), random?.(10));
  const deps = { ...rest, ledgerId, origin, required, rules: { recordRejections, schemas }, newCommandId };

  /** The codes of a receipt are the command's: what was recorded under its id was checked against them. */
  const execute = <C extends AnyCommand>(
    command: C,
    input: CommandInput<C>,
    how: ExecuteOptions,
    scopeOf: (actor: KnownActor) => AccessScope,
  ): Promise<CommandReceipt<RejectionCode<C>>> =>
    executeCommand(deps, command, input, how, scopeOf) as Promise<CommandReceipt<RejectionCode<C>>>;

  return {
    ...openReads(deps, {}),
    append: (stream, events, how) => appendEvents(deps, stream, events, how),
    execute: (command, input, how) =>
      execute(command, input, how, (actor) =>
        access === undefined ? {} : { access: access.queryFor(actor), rowSecurity },
      ),
    as: (actor) => {
      const view = { ...deps, execute: withScope };
      return openView(view, { access, rowSecurity }, actor);
    },
    receipt: (commandId) => findReceipt(deps, commandId),
    watermarks: () => deps.store.watermarks(ledgerId),
    status: () => readStatus(deps),
    awaitPosition: (position, how) => awaitPosition(deps, position, how),
  };

  function withScope<C extends AnyCommand>(
    command: C,
    input: CommandInput<C>,
    how: ExecuteOptions,
    scope: AccessScope,
  ): Promise<CommandReceipt<RejectionCode<C>>> {
    return execute(command, input, how, () => scope);
  }
}
