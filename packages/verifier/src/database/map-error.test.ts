import { LedgerError } from "@eventchain/core";
import { expect, test } from "vitest";
import { mapError } from "./map-error.ts";

test.each([
  ["ECONNREFUSED", "database-unavailable"],
  ["EAI_AGAIN", "database-unavailable"],
  ["ERR_WORKER_INIT_FAILED", "database-failed"],
  ["ERR_OUT_OF_RANGE", "database-failed"],
  ["ERR_INVALID_URL", "config-invalid"],
  ["ERR_SSL_WRONG_VERSION_NUMBER", "database-unavailable"],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "database-unavailable"],
  ["28P01", "database-refused"],
])("takes %s for %s", (code, meaning) => {
  const error = mapError(Object.assign(new Error("it failed"), { code }));
  expect(error).toBeInstanceOf(LedgerError);
  expect(error.code).toBe(meaning);
});
