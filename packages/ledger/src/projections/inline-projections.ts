import { LedgerError } from "@eventchain/core";
import {
  type AppendTransaction,
  type EventStore,
  type InlineBuild,
  matchesQuery,
  type PostgresStore,
} from "@eventchain/store";
import { applyEvents, HandlerFailure } from "./apply-events.ts";
import { projectionQuery } from "./read-projected.ts";
import { isChanged } from "./rebuild-projection.ts";
import type { Projection } from "./types.ts";

/** The inline projections of a process, by ledger, and the appends that run them. */
export interface InlineProjections {
  /**
   * From now on all appends of this process to a ledger run these as well: whichever object of the ledger they come from,
   * so that none falls behind. Of one name the highest version counts.
   */
  add(ledgerId: bigint, projections: readonly Projection[]): void;
  /** The store's, with the projections in the call's transaction where the ledger has any. */
  readonly append: EventStore["append"];
  /** Whether appends to this ledger run any. */
  runsWith(ledgerId: bigint): boolean;
}

export function openInlineProjections(store: Pick<PostgresStore, "append">): InlineProjections {
  const ledgers = new Map<bigint, Map<string, Projection>>();
  return {
    add(ledgerId, projections) {
      for (const projection of projections) {
        if (projection.mode !== "inline" || projection.events.length === 0) continue;
        const known = ledgers.get(ledgerId) ?? new Map<string, Projection>();
        ledgers.set(ledgerId, known);
        if ((known.get(projection.name)?.version ?? 0) <= projection.version) known.set(projection.name, projection);
      }
    },
    runsWith: (ledgerId) => ledgers.has(ledgerId),
    append(ledgerId, requests) {
      const projections = ledgers.get(ledgerId);
      if (projections === undefined) return store.append(ledgerId, requests);
      return store.append(ledgerId, requests, (transaction) => projectInline(transaction, projections));
    },
  };
}

/**
 * Applies what an append recorded to the inline projections that have all events before it: the ledger's lock, which the
 * append has, keeps others from coming between. One that is behind, of another version, stopped, off, or a worker's at
 * this moment is left to the worker, which closes its last gap under the same lock.
 *
 * Errors: LedgerError `projection-failed` where a handler refuses, which refuses the append; `database-…`.
 */
async function projectInline(
  transaction: AppendTransaction,
  projections: ReadonlyMap<string, Projection>,
): Promise<void> {
  const names = [...projections.keys()];
  const builds = await transaction.takeInline(names, transaction.first - 1n);
  // Each that is at the head is one statement; who is elsewhere is asked for only then.
  if (builds.length < names.length) builds.push(...(await takeUntouched(transaction, projections, names)));
  for (const build of builds) {
    const projection = projections.get(build.name);
    if (projection !== undefined && isOf(projection, build)) await projectBuild(transaction, projection, build);
  }
}

function isOf(projection: Projection, build: InlineBuild): boolean {
  return build.version === projection.version && !isChanged(projection, build);
}

/** Those that are behind by events that are none of their own: the ledger's, say, or another type's. */
async function takeUntouched(
  transaction: AppendTransaction,
  projections: ReadonlyMap<string, Projection>,
  names: readonly string[],
): Promise<InlineBuild[]> {
  const before = transaction.first - 1n;
  const taken: InlineBuild[] = [];
  for (const build of await transaction.inlineBefore(names, before)) {
    const { name, position } = build;
    const projection = projections.get(name);
    if (projection === undefined || !isOf(projection, build)) continue;
    const isFree = await transaction.isFree(projectionQuery(projection), position, before);
    if (isFree) taken.push(...(await transaction.takeInline([name], position)));
  }
  return taken;
}

async function projectBuild(transaction: AppendTransaction, projection: Projection, build: InlineBuild): Promise<void> {
  const query = projectionQuery(projection);
  const events = transaction.events.filter((event) => matchesQuery(query, event));
  try {
    await applyEvents(
      { write: (work, timeoutMs) => transaction.write(build.schemaName, work, timeoutMs) },
      projection,
      events,
    );
  } catch (error) {
    if (!(error instanceof HandlerFailure)) throw error;
    const { position: _, ...values } = error.values;
    const said = error.cause instanceof Error ? error.cause.message : String(error.cause);
    throw new LedgerError(
      "projection-failed",
      `inline projection ${JSON.stringify(projection.name)} refused the append: ${said}`,
      { cause: error.cause, values },
    );
  }
  await transaction.move(build, transaction.last);
}
