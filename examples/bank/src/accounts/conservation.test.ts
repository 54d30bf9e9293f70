import type { AnyCommand, AnyModel, CommandInput, DomainEvent, StateOf } from "@eventchain/ledger";
import { given } from "@eventchain/ledger/testing";
import fc from "fast-check";
import { expect, test } from "vitest";
import { changeLimit, closeAccount, openAccount } from "./account-commands.ts";
import { account, bankTotals } from "./models.ts";
import { deposit, reverseBooking, transfer, withdraw } from "./money-commands.ts";

const actor = { id: "tina", roles: ["teller"] };
const ACCOUNTS = ["A", "B", "C"];

const id = fc.constantFrom(...ACCOUNTS);
const amount = fc.oneof(fc.integer({ min: 1, max: 50 }), fc.constantFrom(1, Number.MAX_SAFE_INTEGER));
const HUGE = String(Number.MAX_SAFE_INTEGER);
const limit = fc.integer({ min: -60, max: 0 });

const sent = <C extends AnyCommand>(command: C, input: fc.Arbitrary<CommandInput<C>>) =>
  input.map((value) => ({ command: command as AnyCommand, input: value as unknown }));
const commands = fc.array(
  fc.oneof(
    sent(openAccount, fc.record({ accountId: id, name: id, owner: fc.constant("ada"), limit })),
    { weight: 3, arbitrary: sent(deposit, fc.record({ accountId: id, amount })) },
    { weight: 3, arbitrary: sent(withdraw, fc.record({ accountId: id, amount })) },
    { weight: 3, arbitrary: sent(transfer, fc.record({ from: id, to: id, amount })) },
    sent(changeLimit, fc.record({ accountId: id, limit })),
    sent(closeAccount, fc.record({ accountId: id })),
    sent(
      reverseBooking,
      fc.record({ accountId: id, booking: fc.integer({ min: 1, max: 6 }), reason: fc.constant("a mistake") }),
    ),
  ),
  { minLength: 1, maxLength: 40 },
);

function fold<M extends AnyModel>(model: M, events: readonly DomainEvent[]): StateOf<M> {
  return events.reduce(
    (state, { type, data, tags, stream = "" }) =>
      model.apply(state, { type, id: "", data, tags, stream, metadata: null, recordedAtMicros: 0n }),
    model.initial(),
  );
}

/** Two accounts that are open. */
const start = ACCOUNTS.slice(0, 2).flatMap((accountId) => {
  const opening = { accountId, name: accountId, owner: "ada", limit: -30 };
  const { outcome } = given().when(openAccount, opening, { actor });
  if (outcome.status !== "recorded") throw new Error(`account ${accountId} was not opened`);
  return outcome.events;
});

test("no sequence of commands makes or loses money, or takes an account below its limit", () => {
  let rejections = 0;
  let transfers = 0;
  fc.assert(
    fc.property(commands, (list) => {
      const events: DomainEvent[] = [...start];
      for (const { command, input } of list) {
        const { outcome } = given(...events).when(command, input, { actor });
        expect(outcome.status).not.toBe("failed");
        if (outcome.status === "rejected") rejections += 1;
        if (outcome.status !== "recorded") continue;
        events.push(...outcome.events);
        if (command === transfer) transfers += 1;
        const states = ACCOUNTS.map((accountId) =>
          fold(
            account,
            events.filter(({ stream }) => stream === `account-${accountId}`),
          ),
        );
        for (const state of states) {
          expect(state.balance).toBeGreaterThanOrEqual(state.limit);
          expect(Number.isSafeInteger(state.balance)).toBe(true);
          if (state.status !== "open") expect(state.balance).toBe(0);
        }
        // Exact, where the sum of three balances need not be.
        const total = states.reduce((sum, { balance }) => sum + BigInt(balance), 0n);
        expect(total).toBe(moneyThatCameIn(events));
      }
    }),
    { numRuns: 300 },
  );
  expect(rejections).toBeGreaterThan(0);
  expect(transfers).toBeGreaterThan(0);
});

test("the bank's totals are the sums over its accounts", () => {
  fc.assert(
    fc.property(commands, (list) => {
      const events: DomainEvent[] = [...start];
      for (const { command, input } of list.filter(({ input }) => !JSON.stringify(input).includes(HUGE))) {
        const { outcome } = given(...events).when(command, input, { actor });
        if (outcome.status === "recorded") events.push(...outcome.events);
      }
      const totals = fold(bankTotals, events);
      expect(totals.held).toBe(totals.paidIn - totals.paidOut);
      expect(BigInt(totals.held)).toBe(moneyThatCameIn(events));
    }),
    { numRuns: 100 },
  );
});

/** By the events' own words, apart from the models: what came from outside the bank, less what went there. */
function moneyThatCameIn(events: readonly DomainEvent[]): bigint {
  let sum = 0n;
  for (const { type, data } of events) {
    const { amount = 0, change = 0 } = data as { amount?: number; change?: number };
    if (type === "MoneyDeposited") sum += BigInt(amount);
    if (type === "MoneyWithdrawn") sum -= BigInt(amount);
    if (type === "BookingReversed") sum += BigInt(change);
  }
  return sum;
}
