import { LedgerError } from "@eventchain/core";
import type { Projection } from "@eventchain/ledger";
import type { Finding } from "@eventchain/verifier";
import type { CommandContext } from "../frame/context.ts";
import { findConfig } from "../frame/load-config.ts";
import { loadOwn, type OwnConfig } from "../frame/load-own.ts";

/** Rows that are told one by one, of each projection. */
const MAX_TOLD = 20;

/** What is compared with the events beside what the verifier compares. */
export interface WantedChecks {
  readonly snapshots: boolean;
  readonly projections: boolean;
}

/** What a config's models and projections say of the ledger. */
export interface HandlerFindings {
  readonly findings: readonly Finding[];
  /** What this config cannot judge, a line each. */
  readonly unjudged: readonly string[];
  /** What there is nothing to compare with, a line each. */
  readonly notes: readonly string[];
}

const NOTHING: HandlerFindings = { findings: [], unjudged: [], notes: [] };

/**
 * Compares snapshots and projections with what the config's code makes of the events.
 *
 * @throws LedgerError `config-invalid` where projections are asked for and there is no config, or it cannot be loaded
 */
export async function checkHandlers(
  context: CommandContext,
  origin: string,
  wanted: WantedChecks,
): Promise<HandlerFindings> {
  const path = await findConfig(context.settings);
  if (path === undefined && wanted.projections)
    throw new LedgerError(
      "config-invalid",
      "--projections makes them anew, which takes their code: give --config FILE",
    );
  if (path === undefined || !(wanted.projections || wanted.snapshots)) return NOTHING;
  const own = await loadOwn(path, origin);
  const pool = await context.pool();
  const { openPostgresStore } = await import("@eventchain/store");
  const record = await openPostgresStore({ pool }).findLedger(origin);
  // Its absence is a finding already.
  if (record === undefined) return NOTHING;
  const of = { ...own, ledgerId: record.ledgerId };
  const snapshots = wanted.snapshots ? await replayed(context, of) : NOTHING;
  const projections = wanted.projections ? await compared(context, of) : NOTHING;
  return {
    findings: [...snapshots.findings, ...projections.findings],
    unjudged: projections.unjudged,
    notes: [...snapshots.notes, ...projections.notes],
  };
}

interface Own extends OwnConfig {
  readonly ledgerId: bigint;
}

async function replayed(context: CommandContext, { ledgerId, config, handlers }: Own): Promise<HandlerFindings> {
  const { replaySnapshots } = await import("@eventchain/ledger");
  const deps = { ledgerId, pool: await context.pool(), signal: context.signal };
  const { unfounded, skipped } = await replaySnapshots(deps, { ...config, ...handlers });
  const note = `${skipped} snapshots were not replayed: this config has not their models or projections, or data was erased`;
  return {
    findings: unfounded.map(({ branch, position, eventPosition, problem }) => ({
      kind: "bad-snapshot",
      position: eventPosition.toString(),
      branch,
      detail: `the snapshot of position ${position}: ${problem}`,
    })),
    unjudged: [],
    notes: skipped === 0n ? [] : [note],
  };
}

async function compared(context: CommandContext, { ledgerId, handlers }: Own): Promise<HandlerFindings> {
  const found: HandlerFindings[] = [];
  for (const projection of handlers.projections) found.push(await compareOne(context, ledgerId, projection));
  return {
    findings: found.flatMap(({ findings }) => findings),
    unjudged: found.flatMap(({ unjudged }) => unjudged),
    notes: found.flatMap(({ notes }) => notes),
  };
}

async function compareOne(context: CommandContext, ledgerId: bigint, projection: Projection): Promise<HandlerFindings> {
  const { checkProjection } = await import("@eventchain/ledger");
  const { name } = projection;
  const pool = await context.pool();
  const bar = context.progress(0n, `making ${name} anew`);
  const onProgress = (position: bigint, to: bigint): void => bar.update(position, to);
  const checked = await checkProjection({ ledgerId, pool, signal: context.signal, onProgress }, projection)
    .catch((error: unknown) => {
      if (!(error instanceof LedgerError) || error.code !== "projection-failed") throw error;
      return { kind: "failed", reason: error.message } as const;
    })
    .finally(() => bar.stop());
  if (checked.kind === "not-live") return { ...NOTHING, notes: [`projection ${name} has no live build yet`] };
  if (checked.kind === "other-definition")
    return { ...NOTHING, unjudged: [`projection ${name}: ${checked.reason}: give the config that is deployed`] };
  if (checked.kind === "failed")
    return { ...NOTHING, unjudged: [`projection ${name} cannot be made anew: ${checked.reason}`] };
  const { differences, position } = checked;
  const finding = (detail: string): Finding => ({ kind: "bad-projection", projection: name, detail });
  const told = differences.slice(0, MAX_TOLD).map(({ table, key, problem }) => {
    return finding(`${table}${key === undefined ? "" : ` ${key}`}: ${problem}, by the events up to ${position}`);
  });
  const more = checked.more + BigInt(differences.length - told.length);
  if (more > 0n) told.push(finding(`and ${more} more rows that differ`));
  return { ...NOTHING, findings: told };
}
