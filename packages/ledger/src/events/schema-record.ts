import { canonicalJson, equalBytes, sha256, utf8 } from "@eventchain/core";
import type { KeptSchema } from "@eventchain/store";
import type { JsonObject } from "../types.ts";
import type { AnyEventDefinition } from "./types.ts";

const records = new WeakMap<object, KeptSchema>();

/**
 * The schema of a definition's current version as a ledger keeps it: the JCS text of its JSON Schema without annotations
 * (titles, descriptions, defaults, examples), and SHA-256 of that. The order in which a schema names its keys, or the
 * members of a set, does not matter.
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

/** Whether what was recorded by one may be read by the other. */
export function areSame(one: AnyEventDefinition, other: AnyEventDefinition): boolean {
  if (one === other) return true;
  return one.version === other.version && equalBytes(schemaRecord(one).hash, schemaRecord(other).hash);
}

/** Keywords whose members are schemas, or lists of names, under names of the schema's own. */
const NAMED = new Set([
  "properties",
  "patternProperties",
  "dependentSchemas",
  "dependentRequired",
  "dependencies",
  "$defs",
  "definitions",
]);
/** Keywords that hold values, not schemas. */
const VALUES = new Set(["const", "enum"]);
/** Keywords that hold a set of names, which JSON has as an array; `type` may. */
const SETS = new Set(["required", "type"]);
/**
 * Keywords that are said of the data, which fits or does not fit without them (draft 2020-12, "meta-data annotations"). A
 * default is also not the same each time where a function gives it.
 */
const ANNOTATIONS: ReadonlySet<string> = new Set([
  "title",
  "description",
  "$comment",
  "default",
  "examples",
  "deprecated",
  "readOnly",
  "writeOnly",
]);

function normalise(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(normalise);
  if (!isObject(schema)) return schema;
  const keywords = Object.entries(schema).filter(([key]) => !ANNOTATIONS.has(key));
  return mapMembers(Object.fromEntries(keywords), (member, key) => {
    if (VALUES.has(key)) return member;
    if (SETS.has(key)) return sorted(member);
    if (NAMED.has(key) && isObject(member))
      return mapMembers(member, (named) => (Array.isArray(named) ? sorted(named) : normalise(named)));
    return normalise(member);
  });
}

function sorted(set: unknown): unknown {
  return Array.isArray(set) ? [...set].sort() : set;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function mapMembers(object: JsonObject, map: (member: unknown, key: string) => unknown): JsonObject {
  return Object.fromEntries(Object.entries(object).map(([key, member]) => [key, map(member, key)]));
}
