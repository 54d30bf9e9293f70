import { defineModel, query } from "@eventchain/ledger";
import {
  AccountClosed,
  AccountOpened,
  BookingReversed,
  LimitChanged,
  MoneyDeposited,
  MoneyReceived,
  MoneySent,
  MoneyWithdrawn,
} from "./events.ts";

interface Account {
  status: "none" | "open" | "closed";
  name: string;
  owner: string;
  /** Minor units. */
  balance: number;
  /** The lowest balance that it may have: 0 or less. */
  limit: number;
  /** How many bookings it has had; reversals have no number of their own. */
  bookings: number;
}

const booked = (account: Account, change: number, booking: number): Account => ({
  ...account,
  balance: account.balance + change,
  bookings: booking,
});

/** One account: all that the rules about money need. */
export const account = defineModel<Account>("account", {
  describe: "One account's owner, balance and limit.",
  initial: () => ({ status: "none", name: "", owner: "", balance: 0, limit: 0, bookings: 0 }),
})
  .on(AccountOpened, (state, { data }) => ({
    ...state,
    status: "open",
    name: data.name,
    owner: data.owner,
    limit: data.limit,
  }))
  .on(MoneyDeposited, (state, { data }) => booked(state, data.amount, data.booking))
  .on(MoneyWithdrawn, (state, { data }) => booked(state, -data.amount, data.booking))
  .on(MoneySent, (state, { data }) => booked(state, -data.amount, data.booking))
  .on(MoneyReceived, (state, { data }) => booked(state, data.amount, data.booking))
  .on(BookingReversed, (state, { data }) => ({ ...state, balance: state.balance + data.change }))
  .on(LimitChanged, (state, { data }) => ({ ...state, limit: data.limit }))
  .on(AccountClosed, (state) => ({ ...state, status: "closed" }));

/** Who has an account name now: nobody, or an account's id. */
export const nameHolder = defineModel<string | undefined>("nameHolder", {
  describe: "The open account that has a name.",
  initial: () => undefined,
})
  .on(AccountOpened, (_, { data }) => data.accountId)
  .on(AccountClosed, () => undefined);

interface Booking {
  status: "none" | "booked" | "reversed";
  /** What it did to the balance. */
  change: number;
}

/** One deposit or withdrawal, and whether it was undone. A side of a transfer is none: it cannot be undone alone. */
export const booking = defineModel<Booking>("booking", {
  describe: "One deposit or withdrawal, and whether it was undone.",
  initial: () => ({ status: "none", change: 0 }),
})
  .on(MoneyDeposited, (_, { data }) => ({ status: "booked", change: data.amount }))
  .on(MoneyWithdrawn, (_, { data }) => ({ status: "booked", change: -data.amount }))
  .on(BookingReversed, (state) => ({ ...state, status: "reversed" }));

/** Of all the bank: what it holds, and what came in and went out. The two sides of a transfer cancel out. */
export const bankTotals = defineModel("bankTotals", {
  describe: "All money of the bank: held, paid in and paid out.",
  initial: () => ({ held: 0, paidIn: 0, paidOut: 0 }),
})
  .on(MoneyDeposited, (state, { data }) => ({
    ...state,
    held: state.held + data.amount,
    paidIn: state.paidIn + data.amount,
  }))
  .on(MoneyWithdrawn, (state, { data }) => ({
    ...state,
    held: state.held - data.amount,
    paidOut: state.paidOut + data.amount,
  }))
  .on(MoneySent, (state, { data }) => ({ ...state, held: state.held - data.amount }))
  .on(MoneyReceived, (state, { data }) => ({ ...state, held: state.held + data.amount }))
  .on(BookingReversed, (state, { data: { change } }) => ({
    held: state.held + change,
    paidIn: state.paidIn + Math.min(change, 0),
    paidOut: state.paidOut - Math.max(change, 0),
  }));

/** The context of `bankTotals`: every booking of every account. */
export const everyBooking = query({ types: bankTotals.events });
