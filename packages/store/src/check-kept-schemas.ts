import { equalBytes, LedgerError, sha256, utf8 } from "@eventchain/core";
import type { KeptSchema } from "./port.ts";

/** Checks that each hash is its schema's. Errors: LedgerError `invalid-argument`. */
export function checkKeptSchemas(schemas: readonly KeptSchema[]): void {
  for (const { type, version, hash, schema } of schemas) {
    if (equalBytes(hash, sha256(utf8(schema)))) continue;
    throw new LedgerError("invalid-argument", `the hash of ${type} version ${version} is not its schema's SHA-256`, {
      values: { type, version },
    });
  }
}
