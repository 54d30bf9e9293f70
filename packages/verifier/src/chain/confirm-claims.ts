import type { Chain } from "@eventchain/chain";
import type pg from "pg";
import { textAt } from "../database/decode.ts";
import { max } from "../database/entry-list.ts";
import { statement } from "../database/load-statement.ts";
import { withSnapshot } from "../database/open-snapshot.ts";
import { readWatermarks, type Watermarks } from "../database/read-setup.ts";
import type { Draft } from "../findings/draft.ts";
import { type Claim, type ClaimMeasure, isAt, problemOf, type Suspect } from "./collect-claims.ts";
import type { ChainView } from "./read-chain.ts";

const claimFind = statement("claim-find");

/** Characters of a finding's words, beyond which no more are added. */
const MAX_DETAIL = 500;

export interface ConfirmInput extends ClaimMeasure {
  pool: pg.Pool;
  ledgerId: bigint;
  chain: Chain;
  watermarks: Watermarks;
}

/**
 * The chain was read before the database, so a claim may be younger than that reading, or its block may have been reorganised
 * away a moment ago: whatever seems false is looked at again, first on the chain, then in the database, now that the snapshot
 * is closed.
 */
export async function confirmClaims(suspects: readonly Suspect[], input: ConfirmInput): Promise<Draft[]> {
  const drafts: Draft[] = [];
  let before: number | undefined;
  for (const suspect of suspects) {
    const problem = await lookAgain(suspect.claim, suspect.problem, input);
    if (problem === undefined) continue;
    const draft = describe(suspect.claim, problem, input.view);
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

/** The problem that a claim still has: not by the chain as it is now, and in the database as it is now. */
async function lookAgain(claim: Claim, problem: string, input: ConfirmInput): Promise<string | undefined> {
  const { chain, view, pool, ledgerId } = input;
  let still: string | undefined = problem;
  if (view?.ledgerId !== undefined && isAt(claim, view.place) && /^0x[0-9a-f]{64}$/.test(claim.txHash)) {
    const { txHash } = claim;
    const found = await chain.anchored({ contract: view.place.contract, ledgerId: view.ledgerId, txHash });
    const now = found.kind === "found" ? [{ ...found, contract: claim.contract, ledgerId: view.ledgerId, txHash }] : [];
    still = problemOf(claim, input, now);
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

async function checkWatermarks(input: ConfirmInput): Promise<Draft[]> {
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
