import { openMemoryLedger } from "@eventchain/ledger/testing";
import { expect, test } from "vitest";
import * as bank from "../index.ts";

test("a customer sees the bookings of their own accounts, a teller all, anybody else none", async () => {
  const ledger = openMemoryLedger({ commands: bank, access: bank.access });
  const teller = { id: "tina", roles: ["teller"] };
  for (const [accountId, owner] of [
    ["A", "ada"],
    ["B", "bob"],
  ] as const)
    await ledger.execute(bank.openAccount, { accountId, name: accountId, owner }, { actor: teller });
  await ledger.execute(bank.deposit, { accountId: "A", amount: 10 }, { actor: teller });
  const ada = { id: "ada", claims: { accounts: ["A"] } };
  const receipt = await ledger.as(ada).execute(bank.transfer, { from: "A", to: "B", amount: 4 });
  expect(receipt.status).toBe("recorded");

  const seen: string[] = [];
  for await (const { stream, type } of ledger.as(ada).readAll()) seen.push(`${stream} ${type}`);
  expect(seen).toEqual(["account-A AccountOpened", "account-A MoneyDeposited", "account-A MoneySent"]);
  expect(await ledger.as(teller).count()).toBe(5n);
  expect(await ledger.as({ id: "ada", claims: { accounts: "A" } }).count()).toBe(0n);
  expect(await ledger.as("ada").count()).toBe(0n);
});
