import { statement } from "../load-statement.ts";
import { type AnchorRow, bytes0x, decodeAnchor } from "./decode-rows.ts";
import type { AnchorRecord, LogStore } from "./port.ts";
import { type Queryable, runQuery } from "./run-query.ts";

const coveringSql = statement("anchor-covering");
const recentSql = statement("anchor-recent");
const openSql = statement("anchor-open");
const siblingsSql = statement("anchor-siblings");
const minedSql = statement("anchor-mined");
const finalSql = statement("anchor-final");
const onTheWaySql = statement("anchor-on-the-way");
const oneSql = statement("anchor-one");
const factsSql = statement("anchor-facts");

interface FactsRow {
  since_last_ms: string | null;
  oldest_wait_ms: string;
  failures_in_a_row: number;
  since_failure_ms: string | null;
  spent_wei: string;
}

async function readAnchors(database: Queryable, text: string, values: unknown[]): Promise<AnchorRecord[]> {
  return (await runQuery<AnchorRow>(database, text, values)).map(decodeAnchor);
}

/** One anchor by its number; it must exist. */
export async function readAnchor(database: Queryable, anchorId: bigint): Promise<AnchorRecord> {
  const [anchor] = await readAnchors(database, oneSql, [anchorId]);
  if (anchor === undefined) throw new Error(`assertion failed: anchor ${anchorId} exists`);
  return anchor;
}

type ReadingMethods =
  | "coveringAnchor"
  | "recentAnchors"
  | "openAnchors"
  | "replacedSiblings"
  | "minedAnchors"
  | "finalAnchors"
  | "anchorsOnTheWay"
  | "anchorFacts";

/** What is known of anchors: one statement for each call. */
export function anchorReader(database: Queryable): Pick<LogStore, ReadingMethods> {
  return {
    async coveringAnchor(ledgerId, position) {
      return (await readAnchors(database, coveringSql, [ledgerId, position]))[0];
    },
    recentAnchors: (ledgerId, limit) => readAnchors(database, recentSql, [ledgerId, limit]),
    openAnchors: (chainId, sender) =>
      readAnchors(database, openSql, [chainId, sender === undefined ? null : bytes0x(sender, 20)]),
    replacedSiblings: ({ chainId, sender, nonce, anchorId }) =>
      readAnchors(database, siblingsSql, [chainId, bytes0x(sender, 20), nonce, anchorId]),
    minedAnchors: (chainId) => readAnchors(database, minedSql, [chainId]),
    finalAnchors: (chainId) => readAnchors(database, finalSql, [chainId]),
    async anchorsOnTheWay() {
      const [row] = await runQuery<{ count: string }>(database, onTheWaySql);
      return Number(row?.count ?? 0);
    },
    async anchorFacts({ ledgerId, chainId, sender, fromSize }) {
      const [row] = await runQuery<FactsRow>(database, factsSql, [ledgerId, chainId, bytes0x(sender, 20), fromSize]);
      if (row === undefined) throw new Error("assertion failed: the facts are one row");
      return {
        sinceLastMs: row.since_last_ms === null ? undefined : BigInt(row.since_last_ms),
        oldestWaitMs: BigInt(row.oldest_wait_ms),
        failuresInARow: row.failures_in_a_row,
        sinceFailureMs: row.since_failure_ms === null ? undefined : BigInt(row.since_failure_ms),
        spentWei: BigInt(row.spent_wei),
      };
    },
  };
}
