import type { AnchoredLog, Chain } from "@eventchain/chain";
import type pg from "pg";
import { hexAt, integerAt, textAt } from "../database/decode.ts";
import { max } from "../database/entry-list.ts";
import { statement } from "../database/load-statement.ts";
import { type Row, type Snapshot, withSnapshot } from "../database/open-snapshot.ts";
import { readWatermarks, type Watermarks } from "../database/read-setup.ts";
import type { Draft } from "../findings/draft.ts";
import type { ChainView } from "./read-chain.ts";

const claimScan = statement("claim-scan");
const claimFind = statement("claim-find");
const claimMax = statement("claim-max");

/** At most so many false claims are looked into a second time. */
const MAX_SECOND_LOOKS = 1_000;

/** Characters of a finding's words, beyond which no more are added. */
const MAX_DETAIL = 500;

/** A row of `anchors` that is called mined or final. All hex is 0x and lower-case; a block that is not named is undefined. */
interface Claim {
  anchorId: bigint;
  txHash: string;
  state: string;
  epoch: bigint;
  fromSize: bigint;
  size: bigint;
  root: string;
  chainId: bigint;
  contract: string;
  blockNumber: bigint | undefined;
  blockHash: string | undefined;
  blockTimeSeconds: bigint | undefined;
}

export interface ClaimInput {
  snapshot: Snapshot;
  pool: pg.Pool;
  ledgerId: bigint;
  chain: Chain;
  /** undefined: nothing says where the ledger is anchored, so every claim is false. */
  view: ChainView | undefined;
  /** Other places that the trust root names: claims of anchors there cannot be checked with this chain. */
  elsewhere: readonly { chainId: bigint; contract: string }[];
  watermarks: Watermarks;
  /** Times of blocks, in seconds, as far as they were read. */
  blockTimes: ReadonlyMap<bigint, bigint>;
}

/**
 * Compares what the database claims to stand on chain with what does. The chain was read before the database, so a claim may be
 * younger than that reading, or its block may have been reorganised away a moment ago: whatever seems false is looked at again,
 * first on the chain, then in the database.
 */
export async function checkClaims(input: ClaimInput): Promise<Draft[]> {
  const { snapshot, ledgerId, view } = input;
  const suspects: { claim: Claim; problem: string; ordinal: number }[] = [];
  let ordinal = 0;
  for await (const page of snapshot.pages(claimScan, [ledgerId])) {
    for (const row of page) {
      const claim = decode(row);
      ordinal += 1;
      if (input.elsewhere.some((place) => isAt(claim, place))) continue;
      const logs = view?.byTransaction.get(claim.txHash) ?? [];
      const problem = problemOf(claim, view, logs) ?? timeProblem(claim, input.blockTimes);
      if (problem !== undefined && suspects.length < MAX_SECOND_LOOKS) suspects.push({ claim, problem, ordinal });
    }
  }
  const drafts: Draft[] = [];
  let before: number | undefined;
  for (const suspect of suspects) {
    const problem = await lookAgain(suspect.claim, suspect.problem, input);
    if (problem === undefined) continue;
    const draft = describe(suspect.claim, problem, view);
    const last = drafts.at(-1);
    // Claims that follow each other, and are all false, are one finding.
    if (last !== undefined && before === suspect.ordinal - 1) extend(last, draft);
    else drafts.push(draft);
    before = suspect.ordinal;
  }
  for (const draft of await checkWatermarks(input)) {
    const same = drafts.find((one) => covers(one, draft));
    if (same === undefined) drafts.push(draft);
    else extend(same, draft);
  }
  return drafts;
}

/** The greatest size that any of these claims names, 0 without one. */
export async function readClaimedSize(snapshot: Snapshot, ledgerId: bigint): Promise<bigint> {
  const [row] = await snapshot.rows(claimMax, [ledgerId]);
  return row === undefined ? 0n : integerAt(row, 0);
}

function problemOf(claim: Claim, view: ChainView | undefined, logs: readonly AnchoredLog[]): string | undefined {
  if (view === undefined || !isAt(claim, view.place)) return "it names another chain or contract";
  const [first] = logs;
  if (first === undefined) return "the chain has no such anchor";
  const same = logs.find(
    (log) => log.size === claim.size && log.root.toLowerCase() === claim.root && log.epoch === claim.epoch,
  );
  if (same === undefined) return `its transaction anchored another head, of size ${first.size}`;
  if (same.fromSize !== claim.fromSize) return `its transaction anchored from size ${same.fromSize} on`;
  const isThere = same.blockNumber === claim.blockNumber && same.blockHash.toLowerCase() === claim.blockHash;
  return isThere ? undefined : `its transaction stands in block ${same.blockNumber}, ${same.blockHash}`;
}

function timeProblem({ blockNumber, blockTimeSeconds }: Claim, times: ReadonlyMap<bigint, bigint>): string | undefined {
  const time = blockNumber === undefined ? undefined : times.get(blockNumber);
  const isSame = time === undefined || blockTimeSeconds === undefined || time === blockTimeSeconds;
  return isSame ? undefined : `its block is of another time, ${time} s`;
}

function isAt(claim: Claim, place: { chainId: bigint; contract: string }): boolean {
  return claim.chainId === place.chainId && claim.contract === place.contract.toLowerCase();
}

/** The problem that a claim still has: not by the chain as it is now, and in the database as it is now. */
async function lookAgain(claim: Claim, problem: string, input: ClaimInput): Promise<string | undefined> {
  const { chain, view, pool, ledgerId } = input;
  let still: string | undefined = problem;
  if (view?.ledgerId !== undefined && isAt(claim, view.place) && /^0x[0-9a-f]{64}$/.test(claim.txHash)) {
    const { txHash } = claim;
    const found = await chain.anchored({ contract: view.place.contract, ledgerId: view.ledgerId, txHash });
    const now = found.kind === "found" ? [{ ...found, contract: claim.contract, ledgerId: view.ledgerId, txHash }] : [];
    still = problemOf(claim, view, now) ?? timeProblem(claim, input.blockTimes);
  }
  if (still === undefined) return undefined;
  const rows = await withSnapshot(pool, (fresh) => fresh.rows(claimFind, [ledgerId, claim.anchorId]));
  const [row] = rows;
  // Withdrawn, or brought up to date, while it was being checked.
  const isStanding =
    row !== undefined && textAt(row, 0) === claim.state && (row[1] ?? undefined) === claim.blockNumber?.toString();
  return isStanding ? still : undefined;
}

function describe(claim: Claim, problem: string, view: ChainView | undefined): Draft {
  const anchored = view?.anchors.at(-1)?.size ?? 0n;
  const detail = `${claim.state} anchor of size ${claim.size}, transaction ${claim.txHash}: ${problem}`;
  const [position, to] = claim.size > anchored ? [anchored + 1n, claim.size] : [claim.size, claim.size];
  return { area: "claim", kind: "forged-anchor", position, detail, ...(to > position ? { to } : {}) };
}

async function checkWatermarks(input: ClaimInput): Promise<Draft[]> {
  const { view, watermarks, pool, ledgerId } = input;
  const claimed = max(watermarks.anchored, watermarks.final);
  if (claimed <= (view?.anchors.at(-1)?.size ?? 0n)) return [];
  const head = view?.ledgerId === undefined ? undefined : await view.registry.head(view.ledgerId);
  const size = head === undefined || "kind" in head ? 0n : head.size;
  const now = await withSnapshot(pool, (fresh) => readWatermarks(fresh, ledgerId));
  const still = max(now.anchored, now.final);
  if (claimed <= size || still <= size) return [];
  const detail = `the watermarks call ${claimed} events anchored, the chain has ${size}`;
  return [
    {
      area: "claim",
      kind: "forged-anchor",
      position: size + 1n,
      detail,
      ...(claimed > size + 1n ? { to: claimed } : {}),
    },
  ];
}

/** Whether two false claims speak of the same positions. */
function covers(one: Draft, other: Draft): boolean {
  const [position, from] = [other.position ?? 0n, one.position ?? 0n];
  return from <= position && position <= (one.to ?? from);
}

function extend(draft: Draft, by: Draft): void {
  const to = max(draft.to ?? draft.position ?? 0n, by.to ?? by.position ?? 0n);
  if (to > (draft.position ?? 0n)) draft.to = to;
  if (draft.detail.length < MAX_DETAIL) draft.detail = `${draft.detail}; ${by.detail}`;
}

function decode(row: Row): Claim {
  return {
    anchorId: integerAt(row, 11),
    txHash: hexAt(row, 0),
    state: textAt(row, 1),
    epoch: integerAt(row, 2),
    fromSize: integerAt(row, 3),
    size: integerAt(row, 4),
    root: hexAt(row, 5),
    chainId: integerAt(row, 6),
    contract: hexAt(row, 7),
    blockNumber: row[8] == null ? undefined : integerAt(row, 8),
    blockHash: row[9] == null ? undefined : hexAt(row, 9),
    blockTimeSeconds: /^\d+$/.test(textAt(row, 10)) ? integerAt(row, 10) : undefined,
  };
}
