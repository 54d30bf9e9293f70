import { defineCommand, hasRole, query, reject, stream } from "@eventchain/ledger";
import { z } from "zod";
import { AccountClosed, AccountOpened, LimitChanged, nameTag } from "./events.ts";
import { account, nameHolder } from "./models.ts";
import { RULES } from "./rules.ts";

const accountId = z.string().min(1).max(64);
const limit = z.int().max(0).describe("the lowest balance that it may have, in minor units");

export const openAccount = defineCommand("OpenAccount", {
  describe: "Opens an empty account under a name that no other open account has.",
  input: z.object({
    accountId,
    name: z.string().trim().min(1).max(100),
    owner: z.string().min(1),
    limit: limit.default(0),
  }),
  allow: hasRole("teller"),
  model: { account, name: nameHolder },
  context: (input) => ({
    account: stream(`account-${input.accountId}`),
    name: query({ tags: [nameTag(input.name)] }),
  }),
  records: [AccountOpened],
  rejects: {
    "account-exists": "An account with this id was opened before.",
    "name-taken": "Another open account has this name.",
  },
  decide: ({ input, model }) => {
    if (model.account.status !== "none") return reject("account-exists");
    if (model.name !== undefined) return reject("name-taken");
    return AccountOpened(input);
  },
});

export const changeLimit = defineCommand("ChangeLimit", {
  describe: "Lets an account go down to another balance.",
  input: z.object({ accountId, limit }),
  allow: hasRole("teller"),
  model: account,
  context: (input) => stream(`account-${input.accountId}`),
  records: [LimitChanged],
  rejects: {
    "account-not-open": RULES["account-not-open"],
    "balance-below-limit": "The account's balance is below this limit already.",
  },
  decide: ({ input, model }) => {
    if (model.status !== "open") return reject("account-not-open");
    if (model.balance < input.limit) return reject("balance-below-limit");
    return LimitChanged(input);
  },
});

export const closeAccount = defineCommand("CloseAccount", {
  describe: "Closes an account that is empty; its name may be taken again.",
  input: z.object({ accountId }),
  allow: hasRole("teller"),
  model: account,
  context: (input) => stream(`account-${input.accountId}`),
  records: [AccountClosed],
  rejects: {
    "account-not-open": RULES["account-not-open"],
    "account-not-empty": "The account's balance is not 0.",
  },
  decide: ({ input, model }) => {
    if (model.status !== "open") return reject("account-not-open");
    if (model.balance !== 0) return reject("account-not-empty");
    return AccountClosed({ accountId: input.accountId, name: model.name });
  },
});
