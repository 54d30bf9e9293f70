import { LedgerError } from "@eventchain/core";
import type { ProjectionStore } from "@eventchain/store";
import { listDefinitions } from "../events/list-definitions.ts";
import type { Projection } from "../projections/types.ts";
import type { LedgerOptions } from "../types.ts";
import { isModelProjection } from "./list-rules.ts";
import type { RowsDigest } from "./rows-digest.ts";
import { type TakeDeps, takeSnapshot } from "./take-snapshot.ts";
import type { ModelProjection, SnapshotTaken } from "./types.ts";

export interface SnapshotProjectionDeps extends Pick<TakeDeps, "ledgerId" | "snapshots" | "clock" | "random"> {
  /** Undefined where there are none: in memory. */
  readonly projections: Pick<ProjectionStore, "list" | "select"> | undefined;
}

/** The branch of a projection's snapshots. Models' branches of streams have a `/`; a query's may be named otherwise. */
export function branchOfProjection(name: string): string {
  return `projection:${name}`;
}

/** The projection that is given, or that of its name that the ledger was opened with. Errors: LedgerError `not-found`. */
export function pickProjection(options: Pick<LedgerOptions, "projections">, given: string | Projection): Projection {
  if (typeof given === "object" && given !== null && given.kind === "projection") return given;
  const all = listDefinitions(options.projections, "projections", "projection");
  const found = all.find(({ name }) => name === given);
  if (found !== undefined) return found;
  const known = all.length === 0 ? "it has none" : `it has ${all.map(({ name }) => name).join(", ")}`;
  throw new LedgerError("not-found", `the ledger was opened without a projection ${JSON.stringify(given)}: ${known}`, {
    values: { projection: String(given) },
  });
}

/**
 * Commits to the rows of a projection that is a model, as people read them now: the state is their digest (`rowsDigest`), as
 * of the projection's position.
 * Errors: LedgerError `invalid-argument` for one that is no model; `not-found` where it is not built yet, or has handled no
 * event; those of `SnapshotStore.take`.
 */
export async function snapshotProjection(deps: SnapshotProjectionDeps, projection: Projection): Promise<SnapshotTaken> {
  const { name } = projection;
  if (!isModelProjection(projection))
    throw new LedgerError("invalid-argument", `projection ${name} is no model: a snapshot is of one that is`, {
      values: { projection: name },
    });
  const { projections: store, ledgerId } = deps;
  if (store === undefined)
    throw new LedgerError("not-supported", "a memory ledger has no projections: open a ledger of a database for that");
  const { projections } = await store.list(ledgerId);
  const isLive = projections.some((one) => one.name === name && one.live !== null);
  const found = isLive ? await readDigest(store, ledgerId, projection) : undefined;
  if (found === undefined || found.position === 0n)
    throw new LedgerError("not-found", `projection ${name} has handled no event yet`, { values: { projection: name } });
  const { takenAtMicros: _, ...taken } = await takeDigest(deps, projection, found);
  return taken;
}

/** Takes a snapshot of rows as they were read. Errors: those of `takeSnapshot`. */
export function takeDigest(
  deps: Parameters<typeof takeSnapshot>[0],
  { name, model }: ModelProjection,
  { digest, rows, position, version: schema }: DigestRow,
): ReturnType<typeof takeSnapshot> {
  const state: RowsDigest = { digest, rows: `${rows}` };
  const branch = { name: branchOfProjection(name), of: name, model: { name: model.model.name, version: schema } };
  return takeSnapshot(deps, branch, { state, position, version: undefined });
}

/** The rows of a live build at one moment. */
export interface DigestRow {
  /** 64 hex digits. */
  readonly digest: string;
  readonly rows: bigint;
  /** Of the build. */
  readonly position: bigint;
  readonly version: number;
}

/**
 * Rows and position by one statement, and so of one moment, whatever is projected meanwhile. Row by row it hashes what
 * `canonicalJson` makes of key and state: states are kept as canonical text. Undefined where nothing is live.
 */
export async function readDigest(
  store: Pick<ProjectionStore, "select">,
  ledgerId: bigint,
  { name, model: { table } }: ModelProjection,
): Promise<DigestRow | undefined> {
  const [row] = await store.select<DigestRow>(
    ledgerId,
    `select b.position, b.version, r.rows, encode(sha256('\\x55'::bytea || r.hashes), 'hex') as digest
       from eventchain.projections p
       join eventchain.projection_builds b on b.build_id = p.live_build
      cross join (
        select count(*) as rows,
               coalesce(string_agg(
                 sha256('\\x54'::bytea || convert_to(
                   '{"key":' || to_json(t.key)::text || ',"state":' || t.state::text || '}', 'UTF8')),
                 ''::bytea order by t.key collate "C"), '') as hashes
          from "${table}" t
      ) r
      where p.ledger_id = $1::bigint and p.name = $2::text`,
    [ledgerId, name],
  );
  return row;
}
