import { equalBytes, LedgerError, type LedgerErrorCode, sha256, utf8 } from "@eventchain/core";
import type { KeptSchema } from "./port.ts";

const maxSchemas = 1024;
const maxSchemaBytes = 262_144;

/**
 * Checks what stays for ever: at most 1,024 schemas, each the text of an object of at most 256 KiB, with its own hash, of
 * a type that is not the ledger's own. Errors: LedgerError `too-large`, `invalid-name`, `invalid-argument`.
 */
export function checkKeptSchemas(schemas: readonly KeptSchema[]): void {
  if (schemas.length > maxSchemas)
    throw new LedgerError("too-large", `at most ${maxSchemas} schemas are kept at once, not ${schemas.length}`, {
      values: { schemas: schemas.length },
    });
  for (const one of schemas) checkKeptSchema(one);
}

function checkKeptSchema({ type, version, hash, schema }: KeptSchema): void {
  const refused = (code: LedgerErrorCode, problem: string): LedgerError =>
    new LedgerError(code, `the schema of ${JSON.stringify(type)} version ${version} ${problem}`, {
      values: { type, version },
    });
  if (type.startsWith("$")) throw refused("invalid-name", "is not kept: types that begin with $ are the ledger's own");
  const bytes = utf8(schema);
  if (bytes.length > maxSchemaBytes)
    throw refused("too-large", `has ${bytes.length} bytes: at most ${maxSchemaBytes} are kept`);
  if (!schema.startsWith("{")) throw refused("invalid-argument", "is not the text of an object");
  if (!equalBytes(hash, sha256(bytes))) throw refused("invalid-argument", "comes with a hash that is not its SHA-256");
}
