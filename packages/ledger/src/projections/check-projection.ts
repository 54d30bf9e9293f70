import { canonicalJson, LedgerError } from "@eventchain/core";
import { compareWithLive, type LiveBuild, type PostgresStore, type TableComparison } from "@eventchain/store";
import { applyEvents } from "./apply-events.ts";
import { projectionQuery } from "./read-projected.ts";
import { isChanged } from "./rebuild-projection.ts";
import type { Projection } from "./types.ts";

/** Events that are applied at once: so many, and so many bytes of their texts and one event more. */
const BATCH_EVENTS = 2_000;
const BATCH_BYTES = 8 * 1024 * 1024;

export interface CheckProjectionDeps {
  readonly ledgerId: bigint;
  readonly pool: PostgresStore["pool"];
  readonly signal?: AbortSignal | undefined;
  /** How far the comparison's own tables have come, and to where they go. */
  readonly onProgress?: ((position: bigint, to: bigint) => void) | undefined;
}

/** One row that is not what the events give. */
export interface RowDifference {
  readonly table: string;
  /** The primary key's columns as JSON, or the whole row where there is none; undefined where it is not about a row. */
  readonly key: string | undefined;
  /** What is wrong with it, in words, without values. */
  readonly problem: string;
}

/** What a comparison of a projection with its events came to. */
export type CheckedProjection =
  | {
      readonly kind: "compared";
      readonly position: bigint;
      /** Rows that there should be, in all tables. */
      readonly rows: bigint;
      /** The first ones of each table. */
      readonly differences: readonly RowDifference[];
      /** Rows that differ beside those. */
      readonly more: bigint;
    }
  /** It has no live build: there is nothing to compare. */
  | { readonly kind: "not-live" }
  /** Its live build is not one of this definition. */
  | { readonly kind: "other-definition"; readonly reason: string };

/**
 * Makes a projection's tables anew from the events up to where its live build stands, and compares what people read with
 * them, row by row: on one snapshot, in a transaction that is rolled back. Columns that the database numbers by itself are left out.
 * Events whose data is erased, and those that the build passed over, are passed over here.
 * Errors: LedgerError `projection-failed` where a handler fails now, `aborted`, `database-…`.
 */
export async function checkProjection(deps: CheckProjectionDeps, projection: Projection): Promise<CheckedProjection> {
  const { ledgerId, pool } = deps;
  const { live, outcome } = await compareWithLive(pool, ledgerId, projection, async (transaction, found) => {
    if (found === undefined) return { kind: "not-live" } as const;
    const reason = whyNot(projection, found);
    if (reason !== undefined) return { kind: "other-definition", reason } as const;
    const { position, deadLetters } = found;
    const passedOver = new Set(deadLetters);
    const query = projectionQuery(projection);
    for (let after = 0n; after < position; ) {
      if (deps.signal?.aborted === true)
        throw new LedgerError("aborted", "the comparison was interrupted", { cause: deps.signal.reason });
      const request = {
        after,
        to: position,
        level: "appended",
        query,
        limit: BATCH_EVENTS,
        maxBytes: BATCH_BYTES,
      } as const;
      const page = await transaction.page(request);
      const events = page.events.filter((event) => !passedOver.has(event.position));
      await applyEvents(transaction, projection, events);
      // A ledger that is shorter than its projection: what there is of it is compared.
      if (page.through <= after) break;
      after = page.through;
      deps.onProgress?.(after, position);
    }
    return undefined;
  });
  if (outcome.kind === "skipped") return outcome.skip;
  const told = outcome.tables.map(tell);
  return {
    kind: "compared",
    position: live?.position ?? 0n,
    rows: outcome.tables.reduce((sum, { rows }) => sum + rows, 0n),
    differences: told.flatMap(({ differences }) => differences),
    more: told.reduce((sum, { more }) => sum + more, 0n),
  };
}

function whyNot(projection: Projection, live: LiveBuild): string | undefined {
  const { version } = projection;
  if (live.version !== version) return `version ${live.version} is live, and this config has version ${version}`;
  return isChanged(projection, live)
    ? `what is live was made from another definition of version ${version}`
    : undefined;
}

/** The differing rows of a table, those of one key as one. */
function tell({ table, key, differing, differences, problem }: TableComparison): {
  differences: RowDifference[];
  more: bigint;
} {
  if (problem !== undefined) return { differences: [{ table, key: undefined, problem }], more: 0n };
  const byKey = new Map<string, (typeof differing)[number][]>();
  for (const each of differing) {
    const columns = key.length === 0 ? each.row : Object.fromEntries(key.map((column) => [column, each.row[column]]));
    const text = canonicalJson(columns);
    byKey.set(text, [...(byKey.get(text) ?? []), each]);
  }
  return {
    differences: [...byKey].map(([text, rows]) => ({ table, key: text, problem: explain(rows) })),
    more: differences - BigInt(differing.length),
  };
}

function explain(rows: TableComparison["differing"]): string {
  const [wrong, right] = [rows.find(({ live }) => live > 0n), rows.find(({ built }) => built > 0n)];
  if (wrong === undefined) return "is missing";
  if (right === undefined) return "should not be there";
  if (wrong === right) return `is there ${wrong.live} times, not ${wrong.built}`;
  const columns = new Set([...Object.keys(wrong.row), ...Object.keys(right.row)]);
  const differ = [...columns].filter(
    (column) => JSON.stringify(wrong.row[column]) !== JSON.stringify(right.row[column]),
  );
  return `differs in ${differ.sort().join(", ")}`;
}
