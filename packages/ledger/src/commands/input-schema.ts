import { z } from "zod";
import type { AnySchema, DataSchema, SchemaIssue } from "../events/types.ts";
import type { JsonObject } from "../types.ts";

/** A command's input schema, from zod's or as it is given. */
// biome-ignore lint/suspicious/noExplicitAny: any schema at all
export function inputSchema(schema: AnySchema): DataSchema<any, any> {
  if ("kind" in schema && schema.kind === "data-schema") return schema;
  const zod = schema as z.ZodType;
  return {
    kind: "data-schema",
    parse(value) {
      const result = zod.safeParse(value);
      if (result.success) return { ok: true, value: result.data };
      return { ok: false, issues: result.error.issues.map(describeIssue) };
    },
    get jsonSchema(): JsonObject {
      return z.toJSONSchema(zod, { io: "input" }) as JsonObject;
    },
  };
}

function describeIssue({ path, message }: z.core.$ZodIssue): SchemaIssue {
  const steps = path.map((step) => (typeof step === "number" ? `[${step}]` : `.${String(step)}`));
  return { path: `$${steps.join("")}`, message };
}
