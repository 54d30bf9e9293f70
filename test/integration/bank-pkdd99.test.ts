// A real bank's transactions, sent as commands: `../shared/data/pkdd99-bank`, whose NOTE.md says what it holds.
// EVENTCHAIN_BANK_ACCOUNTS=100 feeds the first 100 accounts only.

import { fileURLToPath } from "node:url";
import { type Connection, connect, type Ledger } from "@eventchain/ledger";
import { afterAll, beforeAll, expect, type TestContext, test } from "vitest";
import * as bank from "../../examples/bank/src/index.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { createStagedLedger } from "../support/staged-ledger.ts";
import { sharedData } from "../vectors/shared-data.ts";

const FOLDER = fileURLToPath(new URL("../../../shared/data/pkdd99-bank/", import.meta.url));
const limitOfAccounts = process.env.EVENTCHAIN_BANK_ACCOUNTS;
/** Balances are published rounded: each row's may be off by so much, in minor units. */
const ROUNDING = 10;

/** What plain arithmetic, without a ledger, says of an account that may not go below 0. */
interface Expected {
  balance: number;
  paidIn: number;
  paidOut: number;
  rejected: string[];
  /** The file's newest balance, less the jumps that no order of its rows explains (chain_ok = 0: 32 rows). */
  fileBalance: number;
  /** How many of its other rows are not exactly the row before ± the amount. */
  roundedRows: number;
  /** Whether the file itself has the account below 0. */
  overdrawnInFile: boolean;
}

let database: TestDatabase;
let connection: Connection;
let ledger: Ledger;
let accounts: Map<string, bank.BankTransaction[]>;
let expected: Map<string, Expected>;
let fed: bank.FedAccount[];

beforeAll(async () => {
  database = await createTestDatabase();
  await createStagedLedger(database.pool, "bank.test");
  connection = await connect({ database: database.url });
  ledger = await connection.ledger("bank.test", { commands: bank, access: bank.access });
});
afterAll(async () => {
  await connection?.close();
  await database?.drop();
});

function expectOf(transactions: readonly bank.BankTransaction[]): Expected {
  const account = {
    balance: 0,
    paidIn: 0,
    paidOut: 0,
    rejected: [] as string[],
    fileBalance: 0,
    roundedRows: 0,
    overdrawnInFile: false,
  };
  let previous = 0;
  let unexplained = 0;
  for (const { id, direction, amount, balance, chainOk } of transactions) {
    const change = direction === "+" ? amount : -amount;
    const residue = balance - previous - change;
    if (!chainOk) unexplained += residue;
    else if (residue !== 0) account.roundedRows += 1;
    previous = balance;
    if (balance < 0) account.overdrawnInFile = true;
    if (change < 0 && account.balance + change < 0) {
      account.rejected.push(id);
      continue;
    }
    account.balance += change;
    if (change > 0) account.paidIn += change;
    else account.paidOut -= change;
  }
  return { ...account, fileBalance: previous - unexplained };
}

const sumOf = <T>(list: Iterable<T>, of: (each: T) => number): number =>
  [...list].reduce((sum, each) => sum + of(each), 0);

/** Each account's balance by the stored events alone, without the bank's models. */
async function balancesByEvents(): Promise<Map<string, number>> {
  const balances = new Map<string, number>();
  for await (const { type, stream, data } of ledger.readAll()) {
    const sign = { MoneyDeposited: 1, MoneyWithdrawn: -1 }[type] ?? 0;
    balances.set(stream, (balances.get(stream) ?? 0) + sign * Number(data?.amount ?? 0));
  }
  return balances;
}

async function feed(context: TestContext): Promise<void> {
  sharedData(context, "pkdd99-bank/trans_ordered.csv");
  const all = await bank.readTransactions(FOLDER);
  accounts = limitOfAccounts === undefined ? all : new Map([...all].slice(0, Number(limitOfAccounts)));
  expected = new Map([...accounts].map(([accountId, transactions]) => [accountId, expectOf(transactions)]));
  if (limitOfAccounts === undefined) {
    expect(accounts.size).toBe(1_229);
    expect(sumOf(accounts.values(), ({ length }) => length)).toBe(49_102);
  }
  fed = await bank.feedBank(ledger, accounts);
}

test("a bank's transactions become balances that equal the file's, without overdrafts", async (context) => {
  await feed(context);

  // Overdrafts are rejected, and are the very ones that plain arithmetic finds.
  expect(new Map(fed.map(({ accountId, rejected }) => [accountId, rejected]))).toEqual(
    new Map([...expected].map(([accountId, { rejected }]) => [accountId, rejected])),
  );
  for (const { rejected, overdrawnInFile } of expected.values()) expect(rejected.length > 0).toBe(overdrawnInFile);
  const rejections = sumOf(expected.values(), ({ rejected }) => rejected.length);
  if (limitOfAccounts === undefined) expect(rejections).toBe(26);

  // Balances, by the events themselves.
  const balances = await balancesByEvents();
  expect(balances.size).toBe(accounts.size);
  let exact = 0;
  let most = 0;
  for (const [accountId, { balance, rejected, fileBalance, roundedRows }] of expected) {
    const found = balances.get(`account-${accountId}`) ?? Number.NaN;
    expect(found).toBe(balance);
    expect(found).toBeGreaterThanOrEqual(0);
    if (rejected.length > 0) continue;
    const difference = Math.abs(found - fileBalance);
    expect(difference, `account ${accountId}`).toBeLessThanOrEqual(ROUNDING * roundedRows);
    most = Math.max(most, difference);
    if (difference === 0) exact += 1;
  }
  // Of the 1,203 accounts without a rejection 600 end at the file's balance, the others at most 0.80 CZK beside it.
  if (limitOfAccounts === undefined) expect({ exact, most }).toEqual({ exact: 600, most: 80 });

  // All money is what went in, less what went out.
  const totals = await ledger.state(bank.bankTotals, bank.everyBooking);
  expect(totals).toEqual({
    held: sumOf(balances.values(), (balance) => balance),
    paidIn: sumOf(expected.values(), ({ paidIn }) => paidIn),
    paidOut: sumOf(expected.values(), ({ paidOut }) => paidOut),
  });
  expect(totals.held).toBe(totals.paidIn - totals.paidOut);

  // One event for each account and each accepted transaction, and no other.
  const transactions = sumOf(accounts.values(), ({ length }) => length);
  expect(await ledger.count()).toBe(BigInt(accounts.size + transactions - rejections));

  // The models agree, and the same commands again record nothing and are answered as before.
  const some = new Map(
    [...accounts].filter(([id], index) => index < 10 || (expected.get(id)?.rejected.length ?? 0) > 0),
  );
  for (const accountId of some.keys())
    expect((await ledger.state(bank.account, `account-${accountId}`)).balance).toBe(expected.get(accountId)?.balance);
  const before = await ledger.count();
  const again = await bank.feedBank(ledger, some);
  const byId = (list: bank.FedAccount[]) => new Map(list.map((each) => [each.accountId, each]));
  for (const [accountId, account] of byId(again)) expect(account).toEqual(byId(fed).get(accountId));
  expect(await ledger.count()).toBe(before);
}, 300_000);
