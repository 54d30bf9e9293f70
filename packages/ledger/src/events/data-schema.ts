import { LedgerError, type LedgerErrorCode } from "@eventchain/core";
import type { AnySchema, DataSchema, InputOf, OutputOf, SchemaIssue } from "./types.ts";
import { isZodSchema, zodSchema } from "./zod-schema.ts";

/** So many issues stand in an error's message; all of them are in its values. */
const SHOWN_ISSUES = 100;

/**
 * The check and the JSON Schema behind a zod schema or a `DataSchema`.
 * @param what what the schema is of, for the message: `event "TicketOpened"`.
 * @param side "output": what the schema gives is kept, so it must have a JSON Schema and fit the schema again; "input":
 *   what the schema takes is kept and must have a JSON Schema.
 * Errors: LedgerError `config-invalid`, which names the path of what has no JSON Schema.
 */
export function toDataSchema<S extends AnySchema>(
  schema: S,
  what: string,
  side: "output" | "input",
): DataSchema<OutputOf<S>, InputOf<S>> {
  if (isDataSchema(schema)) return schema as DataSchema<OutputOf<S>, InputOf<S>>;
  if (isZodSchema(schema)) return zodSchema(schema, what, side) as DataSchema<OutputOf<S>, InputOf<S>>;
  throw new LedgerError(
    "config-invalid",
    `the schema of ${what} is neither zod 4's nor a DataSchema: give one of them`,
    {
      values: { of: what },
    },
  );
}

/** The error for a value that does not fit: its message and `values.issues` name each path. */
export function issuesError(
  code: LedgerErrorCode,
  what: string,
  issues: readonly SchemaIssue[],
  values: Readonly<Record<string, unknown>> = {},
): LedgerError {
  const shown = issues.slice(0, SHOWN_ISSUES).map(({ path, message }) => `${path}: ${message}`);
  if (issues.length > SHOWN_ISSUES) shown.push(`and ${issues.length - SHOWN_ISSUES} more`);
  return new LedgerError(code, `${what} does not fit its schema: ${shown.join("; ")}`, {
    values: { ...values, issues: issues.map(({ path, message }) => ({ path, message })) },
  });
}

function isDataSchema(schema: unknown): boolean {
  return typeof schema === "object" && schema !== null && "kind" in schema && schema.kind === "data-schema";
}
