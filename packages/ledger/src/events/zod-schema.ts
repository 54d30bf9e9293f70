import { canonicalJson, formatPath, LedgerError } from "@eventchain/core";
import { z } from "zod";
import type { JsonObject } from "../types.ts";
import type { DataSchema, SchemaIssue } from "./types.ts";

type Side = "output" | "input";

export function isZodSchema(schema: unknown): schema is z.ZodType {
  return typeof schema === "object" && schema !== null && "_zod" in schema;
}

/**
 * A zod schema as a `DataSchema`. Side "output" refuses transforms too: what they give would not fit the schema again.
 * Errors: LedgerError `config-invalid`.
 */
export function zodSchema(schema: z.ZodType, what: string, side: Side): DataSchema<unknown> {
  return { kind: "data-schema", parse: (value) => parse(schema, value), jsonSchema: toJsonSchema(schema, what, side) };
}

function parse(schema: z.ZodType, value: unknown): ReturnType<DataSchema<unknown>["parse"]> {
  try {
    const result = schema.safeParse(value);
    if (result.success) return { ok: true, value: result.data };
    return { ok: false, issues: result.error.issues.flatMap((issue) => readIssue(issue, [])) };
  } catch (error) {
    // A check of the app's own threw, or was asynchronous.
    const problem = error instanceof Error ? error.message : String(error);
    return { ok: false, issues: [{ path: "$", message: `its schema's check threw: ${problem}` }] };
  }
}

function readIssue(issue: z.core.$ZodIssue, parent: readonly PropertyKey[]): SchemaIssue[] {
  const path = [...parent, ...issue.path];
  const at = (keys: readonly PropertyKey[]): string =>
    formatPath(keys.map((key) => (typeof key === "symbol" ? String(key) : key)));
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => ({ path: at([...path, key]), message: "is no key of the schema" }));
  if (issue.code === "invalid_union" && issue.errors.length > 0) {
    const branches = issue.errors.map((errors) => errors.flatMap((error) => readIssue(error, path)));
    // Where one branch alone is of the right kind, what is wrong within it is what is wrong.
    const [meant, ...others] = branches.filter((found) => found.every((inner) => inner.path !== at(path)));
    if (meant !== undefined && others.length === 0) return meant;
    const texts = branches.map((found) => found.map((inner) => `${inner.path} ${inner.message}`).join(", "));
    return [{ path: at(path), message: `fits none of: ${texts.join(" | ")}` }];
  }
  return [{ path: at(path), message: issue.message }];
}

function toJsonSchema(schema: z.ZodType, what: string, side: Side): JsonObject {
  const json = z.toJSONSchema(schema, {
    io: side,
    unrepresentable: ({ path, message }) => refuse(what, path, message),
    override: ({ zodSchema, path }) => {
      if (side === "output") checkPipe(zodSchema, what, path);
    },
  });
  // Zod hangs things on it that are no JSON Schema.
  return JSON.parse(canonicalJson(json)) as JsonObject;
}

/** Refuses a pipe that changes what goes through it: what comes out would not go in again. */
function checkPipe(schema: z.core.$ZodTypes, what: string, path: readonly (string | number)[]): void {
  const { def } = schema._zod;
  if (def.type !== "pipe") return;
  if ("transform" in def) refuse(what, path, "a codec gives what it does not take");
  // z.preprocess, whose transform stands first.
  if (def.in._zod.def.type === "transform") return;
  z.toJSONSchema(def.in, {
    io: "output",
    unrepresentable: ({ path: inner, message }) => refuse(what, [...path, ...inner], message),
    override: ({ zodSchema, path: inner }) => checkPipe(zodSchema, what, [...path, ...inner]),
  });
}

function refuse(what: string, schemaPath: readonly (string | number)[], problem: string): never {
  const path = valuePath(schemaPath);
  throw new LedgerError(
    "config-invalid",
    `the schema of ${what} has no JSON Schema at ${path}: ${problem}; use what JSON has, such as z.iso.datetime()`,
    { values: { of: what, path } },
  );
}

/** Where in a value a part of its JSON Schema stands: `["properties", "lines", "items"]` is `$.lines[*]`. */
function valuePath(schemaPath: readonly (string | number)[]): string {
  let path = "$";
  for (let at = 0; at < schemaPath.length; at++) {
    const key = schemaPath[at];
    if (key === "properties") path += formatPath([String(schemaPath[++at])]).slice(1);
    else if (key === "items") path += "[*]";
    else if (key === "prefixItems") path += `[${schemaPath[++at]}]`;
    else if (key === "additionalProperties") path += ".*";
    else if (key === "anyOf" || key === "oneOf" || key === "allOf") at++;
  }
  return path;
}
