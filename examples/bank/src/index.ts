export { access } from "./accounts/access.ts";
export { changeLimit, closeAccount, openAccount } from "./accounts/account-commands.ts";
export {
  AccountClosed,
  AccountOpened,
  BookingReversed,
  LimitChanged,
  MoneyDeposited,
  MoneyReceived,
  MoneySent,
  MoneyWithdrawn,
} from "./accounts/events.ts";
export { account, bankTotals, everyBooking } from "./accounts/models.ts";
export { deposit, reverseBooking, transfer, withdraw } from "./accounts/money-commands.ts";
export { type FedAccount, feedBank } from "./feed/feed-bank.ts";
export { type BankTransaction, readTransactions } from "./feed/read-transactions.ts";
