// node examples/bank/src/feed.ts --data FOLDER [--database URL [--ledger NAME]]: sends the transactions of a real bank
// (trans_ordered.csv) as commands and prints what became of them. Without a database they stay in memory. With one, its
// ledger must exist: `eventchain up --detach --ledger bank.example --json` makes it and prints `databaseUrl`.

import { parseArgs } from "node:util";
import { connect, type Ledger } from "@eventchain/ledger";
import { openMemoryLedger } from "@eventchain/ledger/testing";
import { type FedAccount, feedBank } from "./feed/feed-bank.ts";
import { readTransactions } from "./feed/read-transactions.ts";
import * as bank from "./index.ts";

const { values } = parseArgs({
  options: {
    data: { type: "string" },
    database: { type: "string" },
    ledger: { type: "string", default: "bank.example" },
  },
});
if (values.data === undefined) throw new Error("give the folder of trans_ordered.csv by --data");
const accounts = await readTransactions(values.data);
const options = { commands: bank, access: bank.access };

if (values.database === undefined) await feed(await openMemoryLedger(options));
else {
  await using db = await connect({ database: values.database });
  await feed(await db.ledger(values.ledger, options));
}

async function feed(ledger: Ledger): Promise<void> {
  const startedMs = performance.now();
  const fed = await feedBank(ledger, accounts);
  const seconds = (performance.now() - startedMs) / 1000;
  const sum = (of: (account: FedAccount) => number) => fed.reduce((total, account) => total + of(account), 0);
  const money = (units: number) => `${(units / 100).toFixed(2)} CZK`;
  const transactions = [...accounts.values()].reduce((total, list) => total + list.length, 0);
  const rejected = sum((account) => account.rejected.length);
  const [paidIn, paidOut] = [sum((account) => account.paidIn), sum((account) => account.paidOut)];
  const totals = await ledger.state(bank.bankTotals, bank.everyBooking);
  console.log(`accounts      ${fed.length}`);
  console.log(`transactions  ${transactions}`);
  console.log(`rejected      ${rejected} below the limit`);
  console.log(`paid in       ${money(paidIn)}`);
  console.log(`paid out      ${money(paidOut)}`);
  console.log(`held          ${money(totals.held)} by the ledger's events`);
  console.log(`time          ${seconds.toFixed(1)} s, ${Math.round(transactions / seconds)} commands/s`);
  if (totals.held !== paidIn - paidOut) throw new Error("the ledger does not hold what went in less what went out");
}
