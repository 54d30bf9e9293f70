import type pg from "pg";
import { statement } from "../load-statement.ts";
import { bytes0x } from "./decode-rows.ts";
import {
  type AnchorDraft,
  type AnchorState,
  FINAL_CHANNEL,
  type LogStore,
  type MinedFacts,
  type SignedAnchor,
} from "./port.ts";
import { readAnchor } from "./read-anchors.ts";
import { type Queryable, runQuery, runTransaction, runWrite } from "./run-query.ts";

const ofTransactionSql = statement("anchor-of-transaction");
const senderSql = statement("anchor-sender");
const lockSql = statement("anchor-lock");
const busySql = statement("anchor-busy");
const nextNonceSql = statement("anchor-next-nonce");
const insertSql = statement("anchor-insert");
const replaceSql = statement("anchor-replace");
const markSentSql = statement("anchor-mark-sent");
const markMinedSql = statement("anchor-mark-mined");
const markSiblingsSql = statement("anchor-mark-siblings");
const markFailedSql = statement("anchor-mark-failed");
const markReorgedSql = statement("anchor-mark-reorged");
const markFinalSql = statement("anchor-mark-final");
const moveAnchoredSql = statement("anchor-move-anchored");
const moveFinalSql = statement("anchor-move-final");
const notifySql = statement("log-notify");

/** Holds the sender's nonces on the chain until the transaction ends, over all ledgers and processes. */
async function lockNonces(connection: Queryable, chainId: bigint, sender: string): Promise<void> {
  const values = [chainId, bytes0x(sender, 20)];
  await runWrite(connection, senderSql, values);
  await runQuery(connection, lockSql, values);
}

async function insertAnchor(
  connection: Queryable,
  draft: AnchorDraft,
  signed: SignedAnchor,
  nonce: bigint,
  state: AnchorState,
): Promise<bigint> {
  const { ledgerId, epoch, fromSize, size, root, chainId, contract, sender } = draft;
  const where = [chainId, bytes0x(contract, 20), bytes0x(sender, 20), nonce];
  const bytes = [signed.raw, bytes0x(signed.txHash, 32), state];
  const bid = [signed.maxFeePerGasWei, signed.maxPriorityFeePerGasWei, signed.gasLimit];
  const values = [ledgerId, epoch, fromSize, size, root, ...where, ...bytes, ...bid];
  const [row] = await runQuery<{ anchor_id: string }>(connection, insertSql, values);
  if (row === undefined) throw new Error("assertion failed: the anchor was inserted");
  return BigInt(row.anchor_id);
}

function factValues(facts: MinedFacts | undefined): unknown[] {
  if (facts === undefined) return [null, null, null, null, null];
  return [facts.blockNumber, bytes0x(facts.blockHash, 32), facts.blockTimeSeconds, facts.gasUsed, facts.feeWei];
}

async function becomeMined(connection: Queryable, anchorId: bigint, facts: MinedFacts): Promise<void> {
  await runWrite(connection, markSiblingsSql, [anchorId]);
  const [row] = await runQuery<{ ledger_id: string }>(connection, markMinedSql, [anchorId, ...factValues(facts)]);
  if (row !== undefined) await runWrite(connection, moveAnchoredSql, [row.ledger_id]);
}

type PreparingMethods = "prepareAnchor" | "replaceAnchor" | "adoptAnchor";
type MarkingMethods = "markSent" | "markMined" | "markFailed" | "markReorged" | "markFinal";

/** New anchors. Each call is one transaction under the lock of the sender's nonces. */
export function anchorPreparer(pool: pg.Pool): Pick<LogStore, PreparingMethods> {
  return {
    prepareAnchor: (draft, sign) =>
      runTransaction(pool, async (connection) => {
        await lockNonces(connection, draft.chainId, draft.sender);
        const busy = await runQuery<{ busy: boolean }>(connection, busySql, [
          draft.ledgerId,
          draft.epoch,
          draft.fromSize,
        ]);
        if (busy[0]?.busy !== false) return { kind: "busy" };
        const values = [draft.chainId, bytes0x(draft.sender, 20), draft.minedNonce];
        const [next] = await runQuery<{ nonce: string }>(connection, nextNonceSql, values);
        if (next === undefined) throw new Error("assertion failed: there is a free nonce");
        const nonce = BigInt(next.nonce);
        const anchorId = await insertAnchor(connection, draft, sign(nonce), nonce, "prepared");
        return { kind: "prepared", anchor: await readAnchor(connection, anchorId) };
      }),
    replaceAnchor: (anchorId, draft, nonce, signed) =>
      runTransaction(pool, async (connection) => {
        await lockNonces(connection, draft.chainId, draft.sender);
        if ((await runWrite(connection, replaceSql, [anchorId])) === 0) return { kind: "busy" };
        const newId = await insertAnchor(connection, draft, signed, nonce, "prepared");
        return { kind: "prepared", anchor: await readAnchor(connection, newId) };
      }),
    adoptAnchor: (draft, facts) =>
      runTransaction(pool, async (connection) => {
        await lockNonces(connection, draft.chainId, draft.sender);
        const none: SignedAnchor = {
          raw: new Uint8Array(0),
          txHash: draft.txHash,
          maxFeePerGasWei: 0n,
          maxPriorityFeePerGasWei: 0n,
          gasLimit: 0n,
        };
        const known = await runQuery<{ anchor_id: string }>(connection, ofTransactionSql, [bytes0x(draft.txHash, 32)]);
        const anchorId =
          known[0] === undefined
            ? await insertAnchor(connection, draft, none, -1n, "sent")
            : BigInt(known[0].anchor_id);
        await becomeMined(connection, anchorId, facts);
      }),
  };
}

/** What became of anchors. Each call is one statement, or one transaction with the watermark that it moves. */
export function anchorMarker(pool: pg.Pool): Pick<LogStore, MarkingMethods> {
  return {
    async markSent(anchorId, note) {
      await runWrite(pool, markSentSql, [anchorId, note]);
    },
    markMined: (anchorId, facts) => runTransaction(pool, (connection) => becomeMined(connection, anchorId, facts)),
    async markFailed(anchorId, error, facts) {
      await runWrite(pool, markFailedSql, [anchorId, error, ...factValues(facts)]);
    },
    markReorged: (anchorId, blockHash) =>
      runTransaction(pool, async (connection) => {
        const [row] = await runQuery<{ ledger_id: string }>(connection, markReorgedSql, [
          anchorId,
          bytes0x(blockHash, 32),
        ]);
        if (row !== undefined) await runWrite(connection, moveAnchoredSql, [row.ledger_id]);
      }),
    markFinal: (anchorId, blockHash) =>
      runTransaction(pool, async (connection) => {
        const values = [anchorId, bytes0x(blockHash, 32)];
        const [row] = await runQuery<{ ledger_id: string; size: string }>(connection, markFinalSql, values);
        if (row === undefined) return;
        await runWrite(connection, moveFinalSql, [row.ledger_id, row.size]);
        await runQuery(connection, notifySql, [FINAL_CHANNEL, `${row.ledger_id} ${row.size}`]);
      }),
  };
}
