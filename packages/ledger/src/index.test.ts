import { expect, test } from "vitest";
import * as ledger from "./index.ts";

test("exports these names", () => {
  expect(Object.keys(ledger).sort()).toEqual([
    "DEFAULT_FINAL_TIMEOUT_MS",
    "anyOf",
    "checkAppend",
    "connect",
    "defineEvent",
    "defineModel",
    "defineCommand",
    "deny",
    "formatInstant",
    "hasClaim",
    "hasRole",
    "parseInstant",
    "query",
    "reject",
    "stateAt",
    "stream",
  ]);
});
