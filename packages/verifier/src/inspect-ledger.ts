import type { Chain } from "@eventchain/chain";
import { LedgerError } from "@eventchain/core";
import type pg from "pg";
import { type ClaimMeasure, collectClaims, readClaimedSize, type Suspect } from "./chain/collect-claims.ts";
import { confirmClaims } from "./chain/confirm-claims.ts";
import { judgeChain } from "./chain/judge-chain.ts";
import type { ChainView } from "./chain/read-chain.ts";
import { EntryList, max, min } from "./database/entry-list.ts";
import { nameEvents } from "./database/name-events.ts";
import { type Snapshot, withSnapshot } from "./database/open-snapshot.ts";
import { readLedgers, readSetup } from "./database/read-setup.ts";
import { compareTags, compareVersions } from "./derived/compare-tags.ts";
import { explainGaps } from "./events/explain-gaps.ts";
import type { ScannedEvents } from "./events/scan-events.ts";
import type { Draft } from "./findings/draft.ts";
import { judgeCheckpointRows } from "./findings/judge-checkpoint-rows.ts";
import { areHeadsOurs } from "./findings/judge-heads.ts";
import { judgeLog, type LogVerdict } from "./findings/judge-log.ts";
import { settleFindings } from "./findings/settle-findings.ts";
import { type Groundwork, type LookedOver, layGround, scanOn } from "./lay-ground.ts";
import type { Pin } from "./log/compare-roots.ts";
import type { VerifyOptions } from "./options.ts";
import { checkReceipts, type HashLookup } from "./outside/check-receipts.ts";
import { checkContract } from "./outside/check-trust.ts";
import { judgeOutside } from "./outside/judge-outside.ts";
import { openJobs } from "./quick/open-jobs.ts";
import { threadsFor } from "./quick/quick-scan.ts";
import { describeHead } from "./read-head.ts";
import type { Finding, VerifyReport } from "./report.ts";

export interface Inspection {
  options: VerifyOptions;
  pool: pg.Pool;
  ledgerId: bigint;
  /** undefined: left out. */
  chain: Chain | undefined;
  /** undefined: left out, or nothing says where the ledger is anchored. */
  view: ChainView | undefined;
}

/** What one snapshot of the database gave, and what must be looked at once more. */
interface Gathered {
  ground: Groundwork;
  scan: LookedOver;
  verdict: LogVerdict;
  drafts: Draft[];
  measure: ClaimMeasure;
  suspects: Suspect[];
}

/** Checks a ledger that the database has, on one snapshot of it. */
export async function inspectLedger(inspection: Inspection): Promise<VerifyReport> {
  const { pool, ledgerId, chain, view } = inspection;
  const gathered = await withSnapshot(pool, async (snapshot) => await gather(snapshot, inspection));
  const { ground, scan, verdict, drafts, measure, suspects } = gathered;
  const { watermarks } = ground.setup;
  const claims =
    chain === undefined ? [] : await confirmClaims(suspects, { ...measure, pool, ledgerId, chain, watermarks });
  const findings = settleFindings({
    drafts: [...drafts, ...withContract(checkContract(ground.setup, view), claims)],
    provenByEvents: verdict.provenByEvents,
    provenByTiles: verdict.provenByTiles,
    disturbed: scan.disturbed,
  });
  if (scan.unknown !== undefined) throw unknownFormat(scan.unknown, findings);
  return await describe(ground, scan, findings, inspection);
}

async function gather(snapshot: Snapshot, inspection: Inspection): Promise<Gathered> {
  const { ledgerId, chain, view, options } = inspection;
  const ledgers = await readLedgers(snapshot);
  const ledger = ledgers.find((one) => one.ledgerId === ledgerId);
  if (ledger === undefined) throw new LedgerError("ledger-not-found", "the ledger has just been removed");
  const setup = await readSetup(snapshot, ledger, ledgers);
  // Threads start while the log is read.
  await using jobs = openJobs(threadsFor(setup.head - (options.from ?? 1n), options.threads));
  const ground = await layGround(snapshot, setup, inspection);
  const entries = new EntryList(snapshot, ledgerId, ground.log.size);
  const scan = await scanOn(snapshot, ground, entries, inspection, jobs);
  const gaps = await explainGaps(scan.gaps, scan.places, ground.beginning.origin);
  const verdict = await judge(snapshot, ground, scan, gaps.truncatedFrom, inspection);
  const drafts: Draft[] = [
    ...ground.beginning.drafts.filter((draft) => !(scan.places.genesisReplaced && draft.area === "trust")),
    ...genesisDrafts(scan, ground.beginning.drafts),
    ...(await judgeChain(view, setup.origins)),
    ...judgeCheckpointRows(ground.roots.checkpoints),
    ...verdict.drafts,
    ...scan.drafts,
    ...gaps.drafts,
    ...(scan.isClean
      ? []
      : await compareDerived(snapshot, { ledgerId, from: ground.from, scan }, [...scan.drafts, ...gaps.drafts])),
    ...judgeOutside(ground.outside, ground.roots.pins, ground.epoch),
    ...(await checkReceipts(options.receipts ?? [], hashLookup(ground, scan, verdict, entries), scan.receipted)),
  ];
  await nameEvents(snapshot, ledgerId, drafts, (position) => scan.disturbed.has(position));
  const elsewhere = (options.trust?.chains ?? []).filter(
    (place) => place.chainId !== view?.place.chainId || place.contract !== view.place.contract,
  );
  const blockTimes = new Map(ground.dated.map((anchor) => [anchor.block, anchor.timeMicros / 1_000_000n]));
  const measure = { view, elsewhere, blockTimes };
  const suspects = chain === undefined ? [] : await collectClaims(snapshot, ledgerId, measure);
  return { ground, scan, verdict, drafts, measure, suspects };
}

async function judge(
  snapshot: Snapshot,
  { setup, log, roots }: Groundwork,
  scan: ScannedEvents,
  truncatedFrom: bigint | undefined,
  { ledgerId, chain }: Inspection,
): Promise<LogVerdict> {
  const { watermarks } = setup;
  const claimedAnchor = chain === undefined ? await readClaimedSize(snapshot, ledgerId) : 0n;
  const isOurs = (heads: readonly Pin[]): Promise<boolean | undefined> =>
    areHeadsOurs(heads, { snapshot, ledgerId, log, roots });
  return await judgeLog({ log, roots, watermarks, claimedAnchor, scan, truncatedFrom, isOurs });
}

/** What the ledger says of a position: the hash sealed there, or by events that were proven without tiles, or in the tail. */
function hashLookup(ground: Groundwork, scan: ScannedEvents, verdict: LogVerdict, entries: EntryList): HashLookup {
  return async (position) => {
    const byEvents = scan.roots.hashes.get(position) ?? scan.tailHashes.get(position);
    const isProven = position > verdict.provenByTiles && position <= verdict.provenByEvents;
    return position > ground.log.size || isProven ? byEvents : await entries.find(position);
  };
}

/** Tables and numbers that follow from the events. */
async function compareDerived(
  snapshot: Snapshot,
  { ledgerId, from, scan }: { ledgerId: bigint; from: bigint; scan: ScannedEvents },
  found: readonly Draft[],
): Promise<Draft[]> {
  // A stream's versions are also upset by whatever happened to an event before.
  const upset = leastPosition(found.filter(({ area }) => area === "event"));
  const versions = await compareVersions(snapshot, ledgerId, from);
  const kept = versions.filter(({ position }) => upset === undefined || position < upset);
  const snapshots = (await scan.snapshots?.drafts(upset)) ?? [];
  return [...(await compareTags(snapshot, ledgerId, from)), ...kept, ...snapshots];
}

/** Claims of anchors that are somewhere else, and the row that says where, are one matter. */
function withContract([contract]: readonly Draft[], claims: readonly Draft[]): Draft[] {
  const [first, ...rest] = claims;
  if (contract === undefined) return [...claims];
  return first === undefined ? [contract] : [{ ...first, detail: `${contract.detail}; ${first.detail}` }, ...rest];
}

function leastPosition(drafts: readonly Draft[]): bigint | undefined {
  return drafts.reduce<bigint | undefined>(
    (least, { position = 0n }) => (least === undefined ? position : min(least, position)),
    undefined,
  );
}

function genesisDrafts(scan: ScannedEvents, known: readonly Draft[]): Draft[] {
  if (!scan.places.genesisReplaced || known.some(({ position }) => position === 1n)) return [];
  const detail = "the genesis in ledgers is not the one that the first event is chained to";
  return [{ area: "event", kind: "altered", position: 1n, detail }];
}

function unknownFormat(
  { position, type }: { position: bigint; type: string },
  findings: readonly Finding[],
): LedgerError {
  const message = `the event at ${position} is of type ${JSON.stringify(type)}, which this version cannot judge`;
  return new LedgerError("unsupported-format", message, { values: { position, type, findings } });
}

async function describe(
  ground: Groundwork,
  scan: ScannedEvents,
  findings: Finding[],
  { options, chain, view }: Inspection,
): Promise<VerifyReport> {
  const { setup, log, epoch, beginning } = ground;
  const counts = scan.snapshots?.counts;
  const anchored = chain === undefined || view === undefined ? null : await describeHead(chain, view, options.finality);
  return {
    ledger: beginning.origin,
    ok: findings.length === 0,
    trust: options.trust === undefined ? "from-database" : "given",
    epoch: epoch.toString(),
    size: setup.head.toString(),
    checked: scan.checked.toString(),
    sealed: log.size.toString(),
    anchored,
    unanchored: max(setup.head - BigInt(anchored?.size ?? "0"), 0n).toString(),
    ...(chain === undefined ? { offline: true } : {}),
    ...(counts === undefined ? {} : { snapshots: { checked: `${counts.checked}`, pruned: `${counts.pruned}` } }),
    findings,
  };
}
