import { LedgerError } from "@eventchain/core";
import { checkKeys } from "./check-keys.ts";
import type { LedgerOptions, RequiredKey } from "./types.ts";

const OPTION_KEYS = [
  "events",
  "commands",
  "models",
  "projections",
  "reactions",
  "snapshots",
  "access",
  "rowSecurity",
  "recordRejections",
  "require",
  "ledgers",
] as const;

const REQUIRED_KEYS: readonly RequiredKey[] = ["actor", "ip", "userAgent", "reason", "correlationId", "causationId"];

/** Errors: LedgerError `invalid-argument` for an unknown key, `config-invalid` for what an option cannot be. */
export function checkLedgerOptions(options: LedgerOptions): void {
  checkKeys(options, OPTION_KEYS, "ledger options");
  const { access, require: required = [] } = options;
  if (access !== undefined && (typeof access !== "object" || access === null || access.kind !== "access"))
    throw new LedgerError("config-invalid", "option access is not one of defineAccess's", {
      values: { option: "access" },
    });
  for (const key of ["rowSecurity", "recordRejections"] as const) {
    const value: unknown = options[key];
    if (value !== undefined && typeof value !== "boolean")
      throw new LedgerError("config-invalid", `option ${key} is neither true nor false`, { values: { option: key } });
  }
  if (!Array.isArray(required)) throw new LedgerError("config-invalid", "option require is not a list of keys");
  const unknown = required.find((key) => !REQUIRED_KEYS.includes(key));
  if (unknown !== undefined)
    throw new LedgerError(
      "config-invalid",
      `option require has ${JSON.stringify(unknown)}: use ${REQUIRED_KEYS.join(", ")}`,
      { values: { option: "require", key: unknown } },
    );
}
