import { canonicalJson, formatPath, LedgerError } from "@eventchain/core";
import type { ErrorObject, ValidateFunction } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import type { JsonObject } from "../types.ts";
import type { DataSchema, SchemaIssue } from "./types.ts";

/**
 * A plain JSON Schema of draft 2020-12 in the place of a zod schema; T is the type of what fits it. What fits is given as
 * it is: a `default` fills nothing in. `format` is an annotation, as in the draft's own vocabulary, and refuses nothing:
 * say it by `pattern`.
 * Errors: LedgerError `config-invalid` for what is no schema: another draft, a keyword that the draft does not have, a
 * `$ref` that leads nowhere, `$async`.
 */
export function jsonSchema<T>(schema: JsonObject): DataSchema<T> {
  const copy = copySchema(schema);
  const validate = compile(copy);
  return Object.freeze({
    kind: "data-schema" as const,
    jsonSchema: copy,
    parse: (value: unknown) =>
      validate(value)
        ? { ok: true as const, value: value as T }
        : { ok: false as const, issues: (validate.errors ?? []).map((error) => readError(error, value)) },
  });
}

/** What is changed in the given object later changes nothing here. */
function copySchema(schema: JsonObject): JsonObject {
  if (typeof schema !== "object" || schema === null || Array.isArray(schema)) throw refuse("it is not an object");
  try {
    return JSON.parse(canonicalJson(schema)) as JsonObject;
  } catch (error) {
    throw refuse(error instanceof Error ? error.message : String(error), error);
  }
}

function compile(schema: JsonObject): ValidateFunction {
  if ("$async" in schema) throw refuse("$async is not supported: a schema is checked at once");
  const ajv = new Ajv2020({ allErrors: true, logger: false, validateFormats: false });
  try {
    return ajv.compile(schema);
  } catch (error) {
    throw refuse(error instanceof Error ? error.message : String(error), error);
  }
}

function readError(error: ErrorObject, value: unknown): SchemaIssue {
  const steps = readPointer(error.instancePath, value);
  const { keyword, params } = error;
  // These are about a member that is missing or too much: it is the member's path that helps.
  if (keyword === "required" || keyword === "dependentRequired")
    return { path: formatPath([...steps, String(params.missingProperty)]), message: "is missing" };
  if (keyword === "additionalProperties" || keyword === "unevaluatedProperties") {
    const extra = String(params.additionalProperty ?? params.unevaluatedProperty);
    return { path: formatPath([...steps, extra]), message: "is no key of the schema" };
  }
  return { path: formatPath(steps), message: error.message ?? `fails ${keyword}` };
}

/** The steps of a JSON pointer (RFC 6901); whether a number is an index or a key, the value tells. */
function readPointer(pointer: string, value: unknown): (string | number)[] {
  let at = value;
  return pointer
    .split("/")
    .slice(1)
    .map((part) => {
      const key = part.replaceAll("~1", "/").replaceAll("~0", "~");
      const step = Array.isArray(at) ? Number(key) : key;
      at = (at as Record<string | number, unknown> | undefined)?.[step];
      return step;
    });
}

function refuse(problem: string, cause?: unknown): LedgerError {
  return new LedgerError("config-invalid", `this is no JSON Schema of draft 2020-12: ${problem}`, { cause });
}
