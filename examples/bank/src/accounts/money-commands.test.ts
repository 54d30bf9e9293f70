import { reject } from "@eventchain/ledger";
import { given } from "@eventchain/ledger/testing";
import { describe, test } from "vitest";
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
import { deposit, reverseBooking, transfer, withdraw } from "./money-commands.ts";

const teller = { id: "tina", roles: ["teller"] };
const actor = "ada";
const openedA = AccountOpened({ accountId: "A", name: "Rent", owner: "ada", limit: -500 });
const openedB = AccountOpened({ accountId: "B", name: "Food", owner: "bob", limit: 0 });
const closedA = AccountClosed({ accountId: "A", name: "Rent" });
const inA = (amount: number, booking = 1) => MoneyDeposited({ accountId: "A", booking, amount });
const outA = (amount: number, booking = 1) => MoneyWithdrawn({ accountId: "A", booking, amount });

describe("Deposit", () => {
  test("numbers the bookings of an account", () => {
    given(openedA, outA(5), inA(7, 2))
      .when(deposit, { accountId: "A", amount: 3 }, { actor: "whoever" })
      .then(MoneyDeposited({ accountId: "A", booking: 3, amount: 3 }));
  });
  test("rejects an account that is not open", () => {
    given().when(deposit, { accountId: "A", amount: 3 }).then(reject("account-not-open"));
    given(openedA, closedA).when(deposit, { accountId: "A", amount: 3 }).then(reject("account-not-open"));
  });
  test("rejects what would pass the greatest whole number that JSON carries", () => {
    given(openedA, inA(Number.MAX_SAFE_INTEGER))
      .when(deposit, { accountId: "A", amount: 1 })
      .then(reject("too-much-money"));
  });
  test("fails on parts of a minor unit, on nothing and on less", () => {
    for (const amount of [0.5, 0, -1, 2 ** 53])
      given(openedA).when(deposit, { accountId: "A", amount }).thenThrows("invalid-input");
  });
});

describe("Withdraw", () => {
  test("pays out down to the limit", () => {
    given(openedA)
      .when(withdraw, { accountId: "A", amount: 500 }, { actor })
      .then(MoneyWithdrawn({ accountId: "A", booking: 1, amount: 500 }));
  });
  test("rejects one minor unit more", () => {
    given(openedA).when(withdraw, { accountId: "A", amount: 501 }, { actor }).then(reject("below-limit"));
  });
  test("goes by the newest limit", () => {
    given(openedA, LimitChanged({ accountId: "A", limit: -499 }))
      .when(withdraw, { accountId: "A", amount: 500 }, { actor })
      .then(reject("below-limit"));
  });
  test("is the owner's, or a teller's", () => {
    given(openedA).when(withdraw, { accountId: "A", amount: 1 }, { actor: "bob" }).then(reject("not-the-owner"));
    given(openedA).when(withdraw, { accountId: "A", amount: 1 }, { actor: teller }).then(outA(1));
  });
});

describe("Transfer", () => {
  test("records both sides, each in its own account", () => {
    given(openedA, openedB)
      .when(transfer, { from: "A", to: "B", amount: 40 }, { actor })
      .then(
        MoneySent({ accountId: "A", booking: 1, amount: 40, to: "B" }),
        MoneyReceived({ accountId: "B", booking: 1, amount: 40, from: "A" }),
      );
  });
  test("rejects what the one account has not, or the other cannot take", () => {
    given(openedA, openedB).when(transfer, { from: "A", to: "B", amount: 501 }, { actor }).then(reject("below-limit"));
    given(openedA).when(transfer, { from: "A", to: "B", amount: 1 }, { actor }).then(reject("account-not-open"));
    given(openedA, openedB, MoneyDeposited({ accountId: "B", booking: 1, amount: Number.MAX_SAFE_INTEGER }))
      .when(transfer, { from: "A", to: "B", amount: 1 }, { actor })
      .then(reject("too-much-money"));
  });
  test("rejects an account to itself", () => {
    given(openedA).when(transfer, { from: "A", to: "A", amount: 1 }, { actor }).then(reject("same-account"));
  });
  test("takes money from the actor's own account only", () => {
    given(openedA, openedB).when(transfer, { from: "B", to: "A", amount: 1 }, { actor }).then(reject("not-the-owner"));
  });
});

describe("ReverseBooking", () => {
  const input = { accountId: "A", booking: 1, reason: "typed twice" };
  const reversed = (change: number) => BookingReversed({ ...input, change });

  test("books against a deposit, and against a withdrawal", () => {
    given(openedA, inA(100)).when(reverseBooking, input, { actor: teller }).then(reversed(-100));
    given(openedA, outA(100)).when(reverseBooking, input, { actor: teller }).then(reversed(100));
  });
  test("rejects a second time", () => {
    given(openedA, inA(100), reversed(-100))
      .when(reverseBooking, input, { actor: teller })
      .then(reject("already-reversed"));
  });
  test("rejects where the money is spent: the limit holds for reversals too", () => {
    given(openedA, inA(100), outA(600, 2)).when(reverseBooking, input, { actor: teller }).then(reject("below-limit"));
  });
  test("rejects one side of a transfer, and what was never booked", () => {
    given(openedA, MoneySent({ accountId: "A", booking: 1, amount: 1, to: "B" }))
      .when(reverseBooking, input, { actor: teller })
      .then(reject("no-such-booking"));
    given(openedA).when(reverseBooking, input, { actor: teller }).then(reject("no-such-booking"));
  });
  test("is the tellers' alone", () => {
    given(openedA, inA(100)).when(reverseBooking, input, { actor }).then(reject("not-allowed"));
  });
});
