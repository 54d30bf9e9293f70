import { expect, test } from "vitest";
import * as ledger from "./index.ts";

test("exports these names", () => {
  expect(Object.keys(ledger).sort()).toEqual([
    "DEFAULT_FINAL_TIMEOUT_MS",
    "DEFAULT_MAX_ATTEMPTS",
    "DEFAULT_RELATED_EVENTS",
    "anyOf",
    "checkAppend",
    "collectHandlers",
    "connect",
    "defineAccess",
    "defineCommand",
    "defineConfig",
    "defineEvent",
    "defineModel",
    "deny",
    "describeCommands",
    "formatInstant",
    "hasClaim",
    "hasRole",
    "hiddenCause",
    "listSchemas",
    "parseInstant",
    "query",
    "reject",
    "stateAt",
    "stream",
  ]);
});
