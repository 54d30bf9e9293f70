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
export { account, bankTotals } from "./accounts/models.ts";
export { deposit, reverseBooking, transfer, withdraw } from "./accounts/money-commands.ts";
