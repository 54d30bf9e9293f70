import { canonicalJson, sha256, utf8 } from "@eventchain/core";
import type { KeptSchema } from "@eventchain/store";
import type { JsonObject } from "../types.ts";
import type { AnyEventDefinition } from "./types.ts";

const records = new WeakMap<object, KeptSchema>();

/**
 * The schema of a definition's current version as a ledger keeps it: the JCS text of its JSON Schema without annotations
 * (titles, descriptions, examples), and SHA-256 of that. The order in which a schema names its keys does not matter.
 */
export function schemaRecord(definition: Pick<AnyEventDefinition, "type" | "version" | "schema">): KeptSchema {
  const known = records.get(definition);
  if (known !== undefined) return known;
  const { type, version } = definition;
  const schema = canonicalJson(normalise(definition.schema.jsonSchema));
  const record = { type, version, hash: sha256(utf8(schema)), schema };
  records.set(definition, record);
  return record;
}

/** Keywords whose members are schemas under names of the schema's own. */
const NAMED = new Set(["properties", "patternProperties", "dependentSchemas", "$defs", "definitions"]);
/** Keywords that hold values, not schemas. */
const VALUES = new Set(["const", "enum", "default", "examples"]);
/** Keywords that people read: data fits or does not fit without them (draft 2020-12, "meta-data annotations"). */
const ANNOTATIONS: ReadonlySet<string> = new Set(["title", "description", "$comment", "examples", "deprecated"]);

/** `required` is a set, but an array in JSON: only its order follows that of the keys. */
function normalise(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(normalise);
  if (typeof schema !== "object" || schema === null) return schema;
  const keywords = Object.entries(schema).filter(([key]) => !ANNOTATIONS.has(key));
  return mapMembers(Object.fromEntries(keywords), (member, key) => {
    if (VALUES.has(key)) return member;
    if (key === "required" && Array.isArray(member)) return [...member].sort();
    if (NAMED.has(key) && typeof member === "object" && member !== null)
      return mapMembers(member as JsonObject, normalise);
    return normalise(member);
  });
}

function mapMembers(object: JsonObject, map: (member: unknown, key: string) => unknown): JsonObject {
  return Object.fromEntries(Object.entries(object).map(([key, member]) => [key, map(member, key)]));
}
