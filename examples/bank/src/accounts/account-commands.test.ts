import { reject } from "@eventchain/ledger";
import { given } from "@eventchain/ledger/testing";
import { describe, test } from "vitest";
import { changeLimit, closeAccount, openAccount } from "./account-commands.ts";
import { AccountClosed, AccountOpened, LimitChanged, MoneyDeposited, MoneyWithdrawn } from "./events.ts";

const actor = { id: "tina", roles: ["teller"] };
const opened = AccountOpened({ accountId: "A", name: "Rent", owner: "ada", limit: -500 });
const closed = AccountClosed({ accountId: "A", name: "Rent" });

describe("OpenAccount", () => {
  const input = { accountId: "B", name: "Rent", owner: "bob" };

  test("opens an empty account that may not go below 0 unless it is said", () => {
    given()
      .when(openAccount, input, { actor })
      .then(AccountOpened({ ...input, limit: 0 }));
  });
  test("rejects an id that was ever used, also by an account that is closed", () => {
    given(opened, closed)
      .when(openAccount, { ...input, accountId: "A" }, { actor })
      .then(reject("account-exists"));
  });
  test("rejects the name of another open account, however it is written", () => {
    given(opened)
      .when(openAccount, { ...input, name: " RENT " }, { actor })
      .then(reject("name-taken"));
  });
  test("takes the name of an account that is closed", () => {
    given(opened, closed)
      .when(openAccount, input, { actor })
      .then(AccountOpened({ ...input, limit: 0 }));
  });
  test("is the tellers' alone", () => {
    given().when(openAccount, input, { actor: "ada" }).then(reject("not-allowed"));
  });
  test("fails on a limit above 0, which no new account could keep", () => {
    given()
      .when(openAccount, { ...input, limit: 1 }, { actor })
      .thenThrows("invalid-input");
  });
});

describe("ChangeLimit", () => {
  const overdrawn = MoneyWithdrawn({ accountId: "A", booking: 1, amount: 300 });

  test("lets the limit go up to the balance", () => {
    given(opened, overdrawn)
      .when(changeLimit, { accountId: "A", limit: -300 }, { actor })
      .then(LimitChanged({ accountId: "A", limit: -300 }));
  });
  test("rejects a limit that the balance is below already", () => {
    given(opened, overdrawn)
      .when(changeLimit, { accountId: "A", limit: -299 }, { actor })
      .then(reject("balance-below-limit"));
  });
  test("rejects an account that was never opened, or is closed", () => {
    given().when(changeLimit, { accountId: "A", limit: 0 }, { actor }).then(reject("account-not-open"));
    given(opened, closed).when(changeLimit, { accountId: "A", limit: 0 }, { actor }).then(reject("account-not-open"));
  });
});

describe("CloseAccount", () => {
  test("closes an empty account", () => {
    given(opened).when(closeAccount, { accountId: "A" }, { actor }).then(closed);
  });
  test("rejects an account that holds or owes money", () => {
    for (const booked of [MoneyDeposited, MoneyWithdrawn])
      given(opened, booked({ accountId: "A", booking: 1, amount: 1 }))
        .when(closeAccount, { accountId: "A" }, { actor })
        .then(reject("account-not-empty"));
  });
  test("rejects a second time", () => {
    given(opened, closed).when(closeAccount, { accountId: "A" }, { actor }).then(reject("account-not-open"));
  });
});
