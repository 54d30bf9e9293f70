import { defineCommand, defineEvent, defineModel, deny, hasRole, query, reject, stream } from "@eventchain/ledger";
import { z } from "zod";

/** Accounts that never go below zero, for tests of how commands are executed. */

const entry = z.object({ account: z.string(), amount: z.int() });
const tagOf = ({ account }: { account: string }) => `account:${account}`;
export const streamOf = ({ account }: { account: string }) => `account-${account}`;

export const Deposited = defineEvent("Deposited", { schema: entry, tags: (e) => [tagOf(e)], stream: streamOf });
export const Withdrawn = defineEvent("Withdrawn", { schema: entry, tags: (e) => [tagOf(e)], stream: streamOf });
export const Frozen = defineEvent("Frozen", { schema: z.object({ account: z.string() }), tags: (e) => [tagOf(e)] });

export const balance = defineModel("balance", { initial: () => ({ sum: 0, entries: 0, frozen: false }) })
  .on(Deposited, (state, { data }) => ({ ...state, sum: state.sum + data.amount, entries: state.entries + 1 }))
  .on(Withdrawn, (state, { data }) => ({ ...state, sum: state.sum - data.amount, entries: state.entries + 1 }))
  .on(Frozen, (state) => ({ ...state, frozen: true }));

export const deposit = defineCommand("Deposit", {
  input: entry,
  context: (input) => stream(streamOf(input)),
  model: balance,
  records: [Deposited],
  rejects: { "account-frozen": "The account is frozen" },
  decide: ({ input, model }) => (model.frozen ? reject("account-frozen") : Deposited(input)),
});

export const withdraw = defineCommand("Withdraw", {
  input: entry,
  context: (input) => stream(streamOf(input)),
  model: balance,
  records: [Withdrawn],
  rejects: { overdrawn: "There is not enough on the account" },
  decide: ({ input, model }) =>
    model.sum < input.amount ? reject("overdrawn", `There is only ${model.sum}`) : [Withdrawn(input)],
});

export const freeze = defineCommand("Freeze", {
  input: z.object({ account: z.string() }),
  context: (input) => stream(streamOf(input)),
  model: balance,
  records: [Frozen],
  rejects: { "frozen-already": "It is frozen already", "other-branch": "The account is another branch's" },
  allow: hasRole("clerk", "auditor"),
  authorize: ({ actor, input }) => {
    if (actor.claims.branch === undefined) return false;
    return input.account.startsWith(String(actor.claims.branch)) || deny("other-branch");
  },
  decide: ({ input, model }) => (model.frozen ? reject("frozen-already") : Frozen(input)),
});

export const transfer = defineCommand("Transfer", {
  input: z.object({ from: z.string(), to: z.string(), amount: z.int() }),
  context: ({ from, to }) => ({
    from: query({ tags: [tagOf({ account: from })] }),
    to: query({ tags: [tagOf({ account: to })] }),
  }),
  model: { from: balance, to: balance },
  records: [Withdrawn, Deposited],
  rejects: { overdrawn: "There is not enough on the account", "account-frozen": "The other account is frozen" },
  decide: ({ input: { from, to, amount }, model }) => {
    if (model.to.frozen) return reject("account-frozen");
    if (model.from.sum < amount) return reject("overdrawn");
    return [Withdrawn({ account: from, amount }), Deposited({ account: to, amount })];
  },
});

export const accountCommands = { Deposit: deposit, Withdraw: withdraw, Freeze: freeze, Transfer: transfer };
