import { createReadStream } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** One row of `trans_ordered.csv`. Money in minor units (hellers). */
export interface BankTransaction {
  readonly id: string;
  readonly accountId: string;
  /** Above 0. */
  readonly amount: number;
  readonly direction: "+" | "-";
  /** The account's balance after it, as the file says, rounded by its publisher to tenths of a crown. */
  readonly balance: number;
  /** Whether some order of the day's rows explains this balance. */
  readonly chainOk: boolean;
  /** YYYY-MM-DD. */
  readonly date: string;
}

const FILE = "trans_ordered.csv";

/** Each account's transactions in order, accounts in the order of their first one. */
export async function readTransactions(folder: string): Promise<Map<string, BankTransaction[]>> {
  const accounts = new Map<string, BankTransaction[]>();
  const lines = createInterface({ input: createReadStream(join(folder, FILE), "utf8"), crlfDelay: Infinity });
  let columns: readonly string[] | undefined;
  for await (const line of lines) {
    // The file quotes nothing.
    const cells = line.split(",");
    if (columns === undefined) {
      columns = cells;
      continue;
    }
    const transaction = toTransaction(new Map(columns.map((column, index) => [column, cells[index] ?? ""])));
    const list = accounts.get(transaction.accountId);
    if (list === undefined) accounts.set(transaction.accountId, [transaction]);
    else list.push(transaction);
  }
  return accounts;
}

function toTransaction(row: ReadonlyMap<string, string>): BankTransaction {
  const cell = (column: string): string => {
    const text = row.get(column);
    if (text === undefined || text === "") throw new Error(`${FILE}: a row has no ${column}`);
    return text;
  };
  const direction = cell("direction");
  if (direction !== "+" && direction !== "-") throw new Error(`${FILE}: direction ${direction} is neither + nor -`);
  return {
    id: cell("trans_id"),
    accountId: cell("account_id"),
    amount: toMinorUnits(cell("amount")),
    direction,
    balance: toMinorUnits(cell("balance")),
    chainOk: cell("chain_ok") === "1",
    date: cell("date"),
  };
}

/** "-12.30" is −1230: by its digits, since 12.3 × 100 is not a whole number in floating point. */
function toMinorUnits(text: string): number {
  const [, sign, whole, cents] = /^(-?)(\d+)\.(\d\d)$/.exec(text) ?? [];
  if (whole === undefined || cents === undefined) throw new Error(`${FILE}: ${text} is no amount with two decimals`);
  const units = Number(`${whole}${cents}`);
  return sign === "-" ? -units : units;
}
