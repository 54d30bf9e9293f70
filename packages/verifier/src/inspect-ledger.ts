import type { Chain } from "@eventchain/chain";
import { LedgerError } from "@eventchain/core";
import type pg from "pg";
import { checkClaims, readClaimedSize } from "./chain/check-claims.ts";
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
import { judgeLog } from "./findings/judge-log.ts";
import { settleFindings } from "./findings/settle-findings.ts";
import { type Groundwork, layGround, scanOn } from "./lay-ground.ts";
import type { VerifyOptions } from "./options.ts";
import { checkReceipts } from "./outside/check-receipts.ts";
import { checkContract } from "./outside/check-trust.ts";
import { judgeOutside } from "./outside/judge-outside.ts";
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

/** Checks a ledger that the database has, on one snapshot of it. */
export async function inspectLedger(inspection: Inspection): Promise<VerifyReport> {
  return await withSnapshot(inspection.pool, async (snapshot) => {
    const ledgers = await readLedgers(snapshot);
    const ledger = ledgers.find((one) => one.ledgerId === inspection.ledgerId);
    if (ledger === undefined) throw new LedgerError("ledger-not-found", "the ledger has just been removed");
    const setup = await readSetup(snapshot, ledger, ledgers);
    const ground = await layGround(snapshot, setup, inspection);
    const entries = new EntryList(snapshot, ledger.ledgerId, ground.log.size);
    const scan = await scanOn(snapshot, ground, entries, inspection);
    const findings = await judge(snapshot, ground, scan, entries, inspection);
    if (scan.unknown !== undefined) throw unknownFormat(scan.unknown, findings);
    return await describe(ground, scan, findings, inspection);
  });
}

async function judge(
  snapshot: Snapshot,
  ground: Groundwork,
  scan: ScannedEvents,
  entries: EntryList,
  inspection: Inspection,
): Promise<Finding[]> {
  const { setup, beginning, log, roots, from } = ground;
  const { ledgerId, view, chain, options, pool } = inspection;
  const gaps = await explainGaps(scan.gaps, scan.places, beginning.origin);
  const { truncatedFrom } = gaps;
  const claimedAnchor = chain === undefined ? await readClaimedSize(snapshot, ledgerId) : 0n;
  const evidence = { snapshot, ledgerId, log, roots };
  const isOurs = (heads: Parameters<typeof areHeadsOurs>[0]): Promise<boolean | undefined> =>
    areHeadsOurs(heads, evidence);
  const verdict = await judgeLog({
    log,
    roots,
    watermarks: setup.watermarks,
    claimedAnchor,
    scan,
    truncatedFrom,
    isOurs,
  });
  const findHash = async (position: bigint): Promise<Uint8Array | undefined> => {
    const byEvents = scan.roots.hashes.get(position) ?? scan.tailHashes.get(position);
    if (position > log.size) return byEvents;
    return position > verdict.provenByTiles && position <= verdict.provenByEvents
      ? byEvents
      : await entries.find(position);
  };
  // A stream's versions are also upset by whatever happened to an event before.
  const upset = leastPosition([...scan.drafts.filter(({ area }) => area === "event"), ...gaps.drafts]);
  const versions = await compareVersions(snapshot, ledgerId, from);
  const elsewhere = (options.trust?.chains ?? []).filter(
    (place) => place.chainId !== view?.place.chainId || place.contract !== view.place.contract,
  );
  const blockTimes = new Map(ground.dated.map((anchor) => [anchor.block, anchor.timeMicros / 1_000_000n]));
  const claims =
    chain === undefined
      ? []
      : await checkClaims({
          snapshot,
          pool,
          ledgerId,
          chain,
          view,
          elsewhere,
          blockTimes,
          watermarks: setup.watermarks,
        });
  const drafts: Draft[] = [
    ...beginning.drafts.filter((draft) => !(scan.places.genesisReplaced && draft.area === "trust")),
    ...genesisDrafts(scan, beginning.drafts),
    ...withContract(checkContract(setup, view), claims),
    ...(await judgeChain(view, setup.origins)),
    ...judgeCheckpointRows(roots.checkpoints),
    ...verdict.drafts,
    ...scan.drafts,
    ...gaps.drafts,
    ...(await compareTags(snapshot, ledgerId, from)),
    ...versions.filter(({ position }) => upset === undefined || position < upset),
    ...judgeOutside(ground.outside, roots.pins, ground.epoch),
    ...(await checkReceipts(options.receipts ?? [], findHash, scan.receipted)),
  ];
  const { provenByEvents, provenByTiles } = verdict;
  const settled = settleFindings({ drafts, provenByEvents, provenByTiles, disturbed: scan.disturbed });
  return await nameEvents(snapshot, ledgerId, settled, (position) => scan.disturbed.has(position));
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
    findings,
  };
}
