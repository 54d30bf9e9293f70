import { setTimeout as sleep } from "node:timers/promises";
import { LedgerError } from "@eventchain/core";
import { addressOf } from "./private-key.ts";
import { signTransaction } from "./sign-transaction.ts";
import type { Chain, ReceiptOutcome } from "./types.ts";

export type Mined = Extract<ReceiptOutcome, { kind: "mined" }> & { txHash: string; from: string; nonce: bigint };

export interface SendOptions {
  /** The first pause between two looks for the receipt; each is a little longer than the last, up to 2 s. */
  pollMs: number;
  /** How long to wait for the block. */
  waitMs: number;
}

export const DEFAULT_SEND: SendOptions = { pollMs: 100, waitMs: 180_000 };

const LONGEST_PAUSE_MS = 2_000;

type Port = Pick<Chain, "chainId" | "nonce" | "fees" | "sendRaw" | "receipt">;

/**
 * Sends one transaction and waits for its block. For what a person starts; the anchoring worker keeps its own books.
 * 1. Sent: it may be mined from now on, whatever happens here. Nothing is stored, so a restart knows nothing of it; the
 *    callers make sure that doing it again does no harm.
 * 2. Mined.
 *
 * Errors: "chain-reverted" (mined, but failed, or refused by the node), "timeout" (not mined in time; `txHash` says what
 * to look for), "chain-unavailable" (before it was sent, or while it was: then it may be on its way).
 */
export async function sendTransaction(
  chain: Port,
  transaction: { to: string | null; data: string; gasLimit: bigint; key: string },
  options: SendOptions = DEFAULT_SEND,
): Promise<Mined> {
  const deadline = performance.now() + options.waitMs;
  const sent = await send(chain, transaction, options.pollMs, deadline);
  let pauseMs = options.pollMs;
  for (;;) {
    const receipt = await receiptIfAnswered(chain, sent.txHash);
    if (receipt.kind === "mined" && receipt.succeeded) return { ...receipt, ...sent };
    if (receipt.kind === "mined") throw failed("was mined, but failed", sent.txHash);
    if (performance.now() > deadline) {
      throw new LedgerError("timeout", `transaction ${sent.txHash} was not mined within ${options.waitMs} ms`, {
        values: { txHash: sent.txHash },
        retryable: true,
      });
    }
    await sleep(pauseMs);
    pauseMs = Math.min(pauseMs * 1.2, LONGEST_PAUSE_MS);
  }
}

/** Another transaction of the same key may take the nonce first: then the next one is tried. */
async function send(
  chain: Port,
  transaction: { to: string | null; data: string; gasLimit: bigint; key: string },
  pollMs: number,
  deadline: number,
): Promise<{ txHash: string; from: string; nonce: bigint }> {
  const chainId = await chain.chainId();
  const from = addressOf(transaction.key);
  for (;;) {
    const nonce = await chain.nonce(from);
    const { raw, txHash } = signTransaction({ ...transaction, chainId, nonce, fees: await chain.fees() });
    const outcome = await chain.sendRaw(raw);
    if (outcome.kind === "accepted" || outcome.kind === "already-known") return { txHash, from, nonce };
    const reason = outcome.kind === "refused" ? outcome.reason : outcome.kind;
    if (outcome.kind === "refused" || performance.now() > deadline) throw failed(`was refused: ${reason}`, txHash);
    await sleep(pollMs);
  }
}

/** A node that is silent for a while is asked again until the time is over. */
async function receiptIfAnswered(chain: Port, txHash: string): Promise<ReceiptOutcome> {
  try {
    return await chain.receipt(txHash);
  } catch (error) {
    if (error instanceof LedgerError && error.code === "chain-unavailable") return { kind: "not-found" };
    throw error;
  }
}

function failed(what: string, txHash: string): LedgerError {
  return new LedgerError("chain-reverted", `transaction ${txHash} ${what}`, { values: { txHash } });
}
