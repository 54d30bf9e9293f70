import { defineEvent } from "@eventchain/ledger";
import { z } from "zod";

/**
 * Money is a whole number of minor units (cents, hellers): exact in JSON up to 2^53 − 1, about 90 million million of a
 * currency with cents. An event's data is JSON, which has no bigint; a bank with more money than that would write
 * amounts as texts.
 */
const amount = z.int().positive().describe("minor units");
const accountId = z.string().min(1).max(64);
/** A booking's number in its account: 1, 2, 3 … */
const booking = z.int().positive();

const ofAccount = ({ accountId }: { accountId: string }) => `account-${accountId}`;
const tagsOf = (data: { accountId: string; booking: number }) => [
  `account:${data.accountId}`,
  `booking:${data.accountId}/${data.booking}`,
];

export const AccountOpened = defineEvent("AccountOpened", {
  describe: "An account was opened, empty.",
  schema: z.object({
    accountId,
    name: z.string(),
    owner: z.string(),
    limit: z.int().max(0).describe("the lowest balance that it may have, in minor units"),
  }),
  stream: ofAccount,
  tags: (data) => [`account:${data.accountId}`, nameTag(data.name)],
});

export const MoneyDeposited = defineEvent("MoneyDeposited", {
  describe: "Money came in from outside.",
  schema: z.object({ accountId, booking, amount }),
  stream: ofAccount,
  tags: tagsOf,
});

export const MoneyWithdrawn = defineEvent("MoneyWithdrawn", {
  describe: "Money was paid out.",
  schema: z.object({ accountId, booking, amount }),
  stream: ofAccount,
  tags: tagsOf,
});

export const MoneySent = defineEvent("MoneySent", {
  describe: "One side of a transfer: money left this account for another one.",
  schema: z.object({ accountId, booking, amount, to: accountId }),
  stream: ofAccount,
  tags: tagsOf,
});

export const MoneyReceived = defineEvent("MoneyReceived", {
  describe: "The other side of a transfer: money arrived from another account.",
  schema: z.object({ accountId, booking, amount, from: accountId }),
  stream: ofAccount,
  tags: tagsOf,
});

export const BookingReversed = defineEvent("BookingReversed", {
  describe: "A booking was made undone: the history keeps both.",
  schema: z.object({
    accountId,
    booking: booking.describe("the booking that is undone"),
    change: z.int().describe("what it does to the balance: minus what the booking did"),
    reason: z.string(),
  }),
  stream: ofAccount,
  tags: tagsOf,
});

export const LimitChanged = defineEvent("LimitChanged", {
  describe: "The account may go down to another balance than before.",
  schema: z.object({ accountId, limit: z.int().max(0) }),
  stream: ofAccount,
  tags: (data) => [`account:${data.accountId}`],
});

export const AccountClosed = defineEvent("AccountClosed", {
  describe: "The account was closed; its name may be taken again.",
  schema: z.object({ accountId, name: z.string() }),
  stream: ofAccount,
  tags: (data) => [`account:${data.accountId}`, nameTag(data.name)],
});

/** Two names that differ in case or in outer blanks only are one name. */
export function nameTag(name: string): string {
  return `name:${name.trim().toLowerCase()}`;
}
