import { expect, test } from "vitest";
import * as ledger from "./index.ts";

test("exports these names", () => {
  expect(Object.keys(ledger).sort()).toEqual([
    "DEFAULT_FINAL_TIMEOUT_MS",
    "DEFAULT_MAX_ATTEMPTS",
    "DEFAULT_READ_AHEAD",
    "DEFAULT_RELATED_EVENTS",
    "DEFAULT_RETRY",
    "DEFAULT_RUN_TIMEOUT_MS",
    "anyOf",
    "checkAppend",
    "collectHandlers",
    "connect",
    "defineAccess",
    "defineCommand",
    "defineConfig",
    "defineEvent",
    "defineModel",
    "defineReaction",
    "deny",
    "describeCommands",
    "formatInstant",
    "giveUp",
    "hasClaim",
    "hasRole",
    "hiddenCause",
    "isGivenUp",
    "listSchemas",
    "parseInstant",
    "query",
    "reject",
    "stateAt",
    "stream",
    "watchHead",
  ]);
});
