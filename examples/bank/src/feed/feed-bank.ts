import type { Actor, Ledger } from "@eventchain/ledger";
import { openAccount } from "../accounts/account-commands.ts";
import { deposit, withdraw } from "../accounts/money-commands.ts";
import type { BankTransaction } from "./read-transactions.ts";

export interface FeedOptions {
  /** How many accounts are fed at the same time. Default 256. */
  readonly concurrency?: number;
  /** Called after each account. */
  readonly onAccount?: (done: number) => void;
}

export interface FedAccount {
  readonly accountId: string;
  /** Money that was recorded as paid in and paid out, in minor units. */
  readonly paidIn: number;
  readonly paidOut: number;
  /** The ids of the transactions that were rejected. */
  readonly rejected: readonly string[];
}

const actor: Actor = { id: "feed", roles: ["teller"] };

/**
 * Opens an account with limit 0 for each of the file's and sends its transactions as commands, one after the other; many
 * accounts at a time. A transaction's id is its command's, so a feed that was cut off is completed by running it again.
 */
export async function feedBank(
  ledger: Ledger,
  accounts: ReadonlyMap<string, readonly BankTransaction[]>,
  { concurrency = 256, onAccount }: FeedOptions = {},
): Promise<FedAccount[]> {
  const waiting = [...accounts].reverse();
  const fed: FedAccount[] = [];
  async function lane(): Promise<void> {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      fed.push(await feedAccount(ledger, ...next));
      onAccount?.(fed.length);
    }
  }
  await Promise.all(Array.from({ length: concurrency }, lane));
  return fed;
}

async function feedAccount(
  ledger: Ledger,
  accountId: string,
  transactions: readonly BankTransaction[],
): Promise<FedAccount> {
  const opened = await ledger.execute(
    openAccount,
    { accountId, name: `Account ${accountId}`, owner: `owner-${accountId}`, limit: 0 },
    { actor, commandId: `open-${accountId}` },
  );
  if (opened.status === "rejected") throw new Error(`account ${accountId} was not opened: ${opened.code}`);
  let paidIn = 0;
  let paidOut = 0;
  const rejected: string[] = [];
  for (const { id, direction, amount, date } of transactions) {
    const command = direction === "+" ? deposit : withdraw;
    const receipt = await ledger.execute(
      command,
      { accountId, amount },
      { actor, commandId: `transaction-${id}`, occurredAt: `${date}T00:00:00Z` },
    );
    if (receipt.status === "recorded") {
      if (direction === "+") paidIn += amount;
      else paidOut += amount;
    } else if (receipt.code === "below-limit") rejected.push(id);
    else
      throw new Error(`transaction ${id} was rejected with ${receipt.code}, which no transaction of the file should`);
  }
  return { accountId, paidIn, paidOut, rejected };
}
