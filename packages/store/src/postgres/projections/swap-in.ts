import { LedgerError } from "@eventchain/core";
import { statement } from "../load-statement.ts";
import { type Queryable, runRows } from "../run-rows.ts";
import type { BuildRecord } from "./port.ts";
import { runProjector } from "./run-projector.ts";
import { swapViews } from "./swap-views.ts";

const tryNameLockSql = statement("projection-try-name-lock");
const liveLockSql = statement("projection-live-lock");
const lockTimeoutSql = statement("projection-lock-timeout");
const makeSchemaSql = statement("projection-schema");
const retireSql = statement("projection-build-retire");
const goLiveSql = statement("projection-build-go-live");

/** How long a batch of the live build may take that a swap waits for: under the ledger's lock all appends wait with it. */
const LIVE_LOCK_TIMEOUTS = { async: "1s", inline: "100ms" } as const;

/** The build that is live until now, as a transaction that has its row sees it. */
export interface LiveBuild {
  readonly buildId: bigint;
  readonly schemaName: string;
  readonly position: bigint;
  /** The event at its position is not the one that it was: how far it is says nothing. */
  readonly forked: boolean;
}

/**
 * Takes the row of the build that is live, for a transaction that has that of another build of the projection: it stays
 * where it is until the transaction ends. Undefined: there is none yet.
 *
 * Errors: LedgerError `timeout` where somebody works on it for long, or makes a build of it at this moment: to be tried
 * again in a transaction of its own.
 */
export async function holdLive(
  connection: Queryable,
  { ledgerId, name, mode }: Pick<BuildRecord, "ledgerId" | "name" | "mode">,
): Promise<LiveBuild | undefined> {
  const [projection] = await runRows(connection, tryNameLockSql, [ledgerId, name]);
  if (projection === undefined)
    throw new LedgerError("timeout", `somebody makes or drops a build of ${name} at this moment`, { retryable: true });
  await runRows(connection, lockTimeoutSql, [LIVE_LOCK_TIMEOUTS[mode]]);
  const [live] = await runRows<LiveBuild>(connection, liveLockSql, [ledgerId, name]);
  return live;
}

/**
 * Makes a build the live one, in a transaction that has its row and that of the live one: from its commit on people read
 * the build's tables, and the old one is retired. To be done last in its transaction, as readers wait from here on.
 *
 * @param tries how often it was tried in vain
 * Errors: those of `swapViews`; nothing is swapped then, and the transaction is to be rolled back.
 */
export async function swapIn(
  connection: Queryable,
  build: Pick<BuildRecord, "buildId" | "ledgerId" | "schemaName">,
  live: LiveBuild | undefined,
  tries: number,
): Promise<void> {
  const schema = `ledger_${build.ledgerId}`;
  await runRows(connection, makeSchemaSql, [schema]);
  // The two live ones must never stand side by side: there is one for a name.
  if (live !== undefined) await runRows(connection, retireSql, [live.buildId]);
  await runRows(connection, goLiveSql, [build.buildId]);
  // No plain name is anybody's while views are made.
  await runProjector(connection, "pg_catalog", () =>
    swapViews(connection, { schema, to: build.schemaName, from: live?.schemaName, tries }),
  );
}
