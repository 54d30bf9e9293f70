import type { AnchoredLog } from "@eventchain/chain";
import { hexAt, integerAt, textAt } from "../database/decode.ts";
import { statement } from "../database/load-statement.ts";
import type { Row, Snapshot } from "../database/open-snapshot.ts";
import type { ChainView } from "./read-chain.ts";

const claimScan = statement("claim-scan");
const claimMax = statement("claim-max");

/** At most so many false claims are looked into. */
const MAX_SUSPECTS = 1_000;

/** A row of `anchors` that is called mined or final. All hex is 0x and lower-case; a block that is not named is undefined. */
export interface Claim {
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

export interface Suspect {
  claim: Claim;
  problem: string;
  /** Its number among the claims, in the order of their sizes. */
  ordinal: number;
}

/** What claims are measured by. */
export interface ClaimMeasure {
  /** undefined: nothing says where the ledger is anchored, so every claim is false. */
  view: ChainView | undefined;
  /** Other places that the trust root names: claims of anchors there cannot be checked with this chain. */
  elsewhere: readonly { chainId: bigint; contract: string }[];
  /** Times of blocks, in seconds, as far as they were read. */
  blockTimes: ReadonlyMap<bigint, bigint>;
}

/** Reads what the database claims to stand on chain, and gives what does not, by the chain as it was read. */
export async function collectClaims(snapshot: Snapshot, ledgerId: bigint, measure: ClaimMeasure): Promise<Suspect[]> {
  const suspects: Suspect[] = [];
  let ordinal = 0;
  for await (const page of snapshot.pages(claimScan, [ledgerId])) {
    for (const row of page) {
      const claim = decode(row);
      ordinal += 1;
      if (measure.elsewhere.some((place) => isAt(claim, place))) continue;
      const problem = problemOf(claim, measure, measure.view?.byTransaction.get(claim.txHash) ?? []);
      if (problem !== undefined && suspects.length < MAX_SUSPECTS) suspects.push({ claim, problem, ordinal });
    }
  }
  return suspects;
}

/** The greatest size that any of these claims names, 0 without one. */
export async function readClaimedSize(snapshot: Snapshot, ledgerId: bigint): Promise<bigint> {
  const [row] = await snapshot.rows(claimMax, [ledgerId]);
  return row === undefined ? 0n : integerAt(row, 0);
}

/** Why a claim is false; `logs`: what its transaction anchored. */
export function problemOf(claim: Claim, measure: ClaimMeasure, logs: readonly AnchoredLog[]): string | undefined {
  const { view, blockTimes } = measure;
  if (view === undefined || !isAt(claim, view.place)) return "it names another chain or contract";
  const [first] = logs;
  if (first === undefined) return "the chain has no such anchor";
  const same = logs.find(
    (log) => log.size === claim.size && log.root.toLowerCase() === claim.root && log.epoch === claim.epoch,
  );
  if (same === undefined) return `its transaction anchored another head, of size ${first.size}`;
  if (same.fromSize !== claim.fromSize) return `its transaction anchored from size ${same.fromSize} on`;
  const isThere = same.blockNumber === claim.blockNumber && same.blockHash.toLowerCase() === claim.blockHash;
  return isThere
    ? timeProblem(claim, blockTimes)
    : `its transaction stands in block ${same.blockNumber}, ${same.blockHash}`;
}

function timeProblem({ blockNumber, blockTimeSeconds }: Claim, times: ReadonlyMap<bigint, bigint>): string | undefined {
  const time = blockNumber === undefined ? undefined : times.get(blockNumber);
  const isSame = time === undefined || blockTimeSeconds === undefined || time === blockTimeSeconds;
  return isSame ? undefined : `its block is of another time, ${time} s`;
}

export function isAt(claim: Claim, place: { chainId: bigint; contract: string }): boolean {
  return claim.chainId === place.chainId && claim.contract === place.contract.toLowerCase();
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
