import { defineCommand, hasRole, query, reject, stream } from "@eventchain/ledger";
import { z } from "zod";
import { BookingReversed, MoneyDeposited, MoneyReceived, MoneySent, MoneyWithdrawn } from "./events.ts";
import { account, booking } from "./models.ts";
import { mayTakeFrom, RULES, whyNot } from "./rules.ts";

const accountId = z.string().min(1).max(64);
const amount = z.int().positive().describe("minor units");

export const deposit = defineCommand("Deposit", {
  describe: "Pays money into an account.",
  input: z.object({ accountId, amount }),
  model: account,
  context: (input) => stream(`account-${input.accountId}`),
  records: [MoneyDeposited],
  rejects: { "account-not-open": RULES["account-not-open"], "too-much-money": RULES["too-much-money"] },
  decide: ({ input, model }) => {
    if (model.status !== "open") return reject("account-not-open");
    if (!Number.isSafeInteger(model.balance + input.amount)) return reject("too-much-money");
    return MoneyDeposited({ ...input, booking: model.bookings + 1 });
  },
});

export const withdraw = defineCommand("Withdraw", {
  describe: "Pays money out of an account, down to its limit.",
  input: z.object({ accountId, amount }),
  model: account,
  context: (input) => stream(`account-${input.accountId}`),
  records: [MoneyWithdrawn],
  rejects: RULES,
  authorize: ({ actor, model }) => mayTakeFrom(model, actor) || reject("not-the-owner"),
  decide: ({ input, model }) => {
    const why = whyNot(model, -input.amount);
    return why === undefined ? MoneyWithdrawn({ ...input, booking: model.bookings + 1 }) : reject(why);
  },
});

export const transfer = defineCommand("Transfer", {
  describe: "Moves money between two accounts: both sides are recorded together, or none is.",
  input: z.object({ from: accountId, to: accountId, amount }),
  model: { from: account, to: account },
  context: (input) => ({ from: stream(`account-${input.from}`), to: stream(`account-${input.to}`) }),
  records: [MoneySent, MoneyReceived],
  rejects: { ...RULES, "same-account": "A transfer is between two accounts." },
  authorize: ({ actor, model }) => mayTakeFrom(model.from, actor) || reject("not-the-owner"),
  decide: ({ input: { from, to, amount }, model }) => {
    if (from === to) return reject("same-account");
    const why = whyNot(model.from, -amount) ?? whyNot(model.to, amount);
    if (why !== undefined) return reject(why);
    return [
      MoneySent({ accountId: from, booking: model.from.bookings + 1, amount, to }),
      MoneyReceived({ accountId: to, booking: model.to.bookings + 1, amount, from }),
    ];
  },
});

export const reverseBooking = defineCommand("ReverseBooking", {
  describe: "Makes a deposit or a withdrawal undone, by a booking against it. A transfer is undone by a transfer back.",
  input: z.object({ accountId, booking: z.int().positive(), reason: z.string().min(1) }),
  allow: hasRole("teller"),
  model: { account, booking },
  context: (input) => ({
    account: stream(`account-${input.accountId}`),
    booking: query({ tags: [`booking:${input.accountId}/${input.booking}`] }),
  }),
  records: [BookingReversed],
  rejects: {
    "account-not-open": RULES["account-not-open"],
    "below-limit": RULES["below-limit"],
    "too-much-money": RULES["too-much-money"],
    "no-such-booking": "The account has no deposit or withdrawal of this number.",
    "already-reversed": "The booking was undone before.",
  },
  decide: ({ input, model }) => {
    if (model.booking.status === "none") return reject("no-such-booking");
    if (model.booking.status === "reversed") return reject("already-reversed");
    const change = -model.booking.change;
    const why = whyNot(model.account, change);
    return why === undefined ? BookingReversed({ ...input, change }) : reject(why);
  },
});
