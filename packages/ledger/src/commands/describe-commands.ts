import type { AnyEventDefinition } from "../events/types.ts";
import { markdownTable } from "../markdown-table.ts";
import type { AnyModel } from "../models/types.ts";
import type { Definitions, JsonObject } from "../types.ts";
import type { AnyCommand, Context } from "./types.ts";

export interface DescribeOptions {
  readonly commands: Definitions<AnyCommand>;
  /** Beside those that the commands record and their models handle. */
  readonly events?: Definitions<AnyEventDefinition> | undefined;
  /** The level of the headings of "Commands" and "Events", from 1. Default 2; each definition's is one deeper. */
  readonly level?: number | undefined;
}

/**
 * What an app's commands do, in Markdown, in the order given (a module's by name): for each its sentence, who may issue it, its
 * input, what it decides on, the events that it records and the rules that it checks; then each event with its fields,
 * tags and versions. It depends on nothing but the definitions, so that a committed copy can be compared. Streams and
 * tags are shown with `{field}` for what comes from a field, where the functions that make them work on such texts.
 */
export function describeCommands({ commands, events = [], level = 2 }: DescribeOptions): string {
  const list = listOf<AnyCommand>(commands, (each) => "kind" in each && each.kind === "command");
  const named = listOf<AnyEventDefinition>(events, (each) => "kind" in each && each.kind === "event");
  const all = new Map<string, AnyEventDefinition>();
  for (const command of list) for (const event of command.records) all.set(event.type, event);
  for (const command of list)
    for (const model of command.models.values()) for (const event of model.events) all.set(event.type, event);
  for (const event of named) all.set(event.type, event);
  const [top, each] = ["#".repeat(level), "#".repeat(level + 1)];
  return [
    `${top} Commands`,
    ...list.map((command) => describeCommand(command, each)),
    `${top} Events`,
    ...[...all.values()].map((event) => describeEvent(event, list, each)),
  ].join("\n\n");
}

function listOf<T extends object>(given: Definitions<T>, isOne: (value: object) => boolean): T[] {
  const values: unknown[] = Array.isArray(given) ? [...given] : Object.values(given);
  const found = values.filter(
    (value): value is T =>
      (typeof value === "function" || (typeof value === "object" && value !== null)) && isOne(value),
  );
  return [...new Set(found)];
}

function describeCommand(command: AnyCommand, heading: string): string {
  const allowed = command.allow === undefined ? "everybody" : command.allow.describe;
  const rules = [
    ...(command.allow === undefined ? [] : [["not-allowed", `Only ${allowed}.`] as const]),
    ...command.rejects,
  ];
  const parts = [
    `${heading} ${command.name}`,
    command.description,
    `Who may: ${allowed}.`,
    fieldTable(command.input.jsonSchema, "Input"),
    `It decides on:\n${describeContexts(command).join("\n")}`,
    `It records: ${command.records.map(({ type, version }) => `[\`${type}\`](#${type.toLowerCase()}) version ${version}`).join(", ")}.`,
    rules.length === 0
      ? "It has no rules."
      : markdownTable(
          ["Rejected with", "because"],
          rules.map(([code, sentence]) => [`\`${code}\``, sentence]),
        ),
  ];
  return parts.filter((part) => part !== undefined).join("\n\n");
}

function describeContexts(command: AnyCommand): string[] {
  const contexts = contextsOf(command);
  return [...command.models].map(([key, model]) => {
    const context = contexts?.get(key);
    const where = context === undefined ? undefined : contextInWords(context, model);
    const what = model.description ?? `the model \`${model.name}\``;
    return `- ${key === "" ? "" : `\`${key}\`: `}${where === undefined ? "" : `${where}: `}${what}`;
  });
}

/** The context function is pure, so it may be asked with a text for each field. Undefined where it wants real values. */
function contextsOf(command: AnyCommand): ReadonlyMap<string, Context> | undefined {
  try {
    return command.context(placeholders(command.input.jsonSchema, ""), { id: "{actor}", roles: [], claims: {} });
  } catch {
    return undefined;
  }
}

function contextInWords(context: Context, model: AnyModel): string {
  if (context.kind === "stream") return `stream \`${context.stream}\``;
  const items = context.items.map(({ types, tags }) => {
    const kinds = (types ?? model.events.map(({ type }) => type)).map((type) => `\`${type}\``).join(", ");
    return tags === undefined ? kinds : `${kinds} tagged ${tags.map((tag) => `\`${tag}\``).join(" and ")}`;
  });
  return items.join("; or ");
}

function describeEvent(event: AnyEventDefinition, commands: readonly AnyCommand[], heading: string): string {
  const by = commands.filter(({ records }) => records.includes(event)).map(({ name }) => `\`${name}\``);
  const older = Object.keys(event.upcast).map(Number);
  const made = sampleEvent(event);
  const facts = [
    `Version ${event.version}${older.length === 0 ? "" : `; version ${older.join(", ")} can be read as it`}.`,
    made?.stream === undefined ? undefined : `Stream \`${made.stream}\`.`,
    made === undefined || made.tags.length === 0
      ? undefined
      : `Tags ${made.tags.map((tag) => `\`${tag}\``).join(", ")}.`,
    by.length === 0 ? "No command records it." : `Recorded by ${by.join(", ")}.`,
  ];
  return [
    `${heading} ${event.type}`,
    event.description,
    facts.filter((fact) => fact !== undefined).join(" "),
    fieldTable(event.schema.jsonSchema, "Field"),
  ]
    .filter((part) => part !== undefined)
    .join("\n\n");
}

/** One event made of texts such as `{accountId}`; undefined where its schema takes no such texts. */
function sampleEvent(event: AnyEventDefinition): { stream: string | undefined; tags: readonly string[] } | undefined {
  const marks = new Map<string, string>();
  try {
    const { stream, tags } = event(fitting(event.schema.jsonSchema, "", marks));
    const named = (text: string) => [...marks].reduce((done, [mark, name]) => done.replaceAll(mark, name), text);
    return { stream: stream === undefined ? undefined : named(stream), tags: tags.map(named) };
  } catch {
    return undefined;
  }
}

/** Numbers that stand for a field in a sample, then give way to its name: so large that none is met by chance. */
const FIRST_MARK = 7_700_700_000;

/** A value that fits the schema and shows the field's name where it can. */
function fitting(schema: JsonObject, name: string, marks: Map<string, string>): unknown {
  const options = [...listIn(schema.enum), ...("const" in schema ? [schema.const] : [])];
  if (options.length > 0) return options[0];
  if (schema.type === "object")
    return Object.fromEntries(propertiesOf(schema).map(([key, each]) => [key, fitting(each, key, marks)]));
  if (schema.type === "integer" || schema.type === "number") {
    const mark = FIRST_MARK + marks.size;
    if (typeof schema.maximum === "number" && schema.maximum < mark) return schema.maximum;
    marks.set(String(mark), `{${name}}`);
    return mark;
  }
  return placeholders(schema, name);
}

/** A value of the schema's shape that has a text with the field's name at each leaf. */
function placeholders(schema: JsonObject, name: string): unknown {
  if (schema.type === "object")
    return Object.fromEntries(propertiesOf(schema).map(([key, each]) => [key, placeholders(each, key)]));
  if (schema.type === "array") return [placeholders(asObject(schema.items), name)];
  if (schema.type === "boolean") return true;
  return `{${name}}`;
}

function fieldTable(schema: JsonObject, title: string): string | undefined {
  const required = listIn(schema.required);
  const rows = propertiesOf(schema).map(([name, field]) => {
    const type = typeInWords(field);
    const rest =
      "default" in field ? `, default ${code(field.default)}` : required.includes(name) ? "" : ", may be left out";
    return [`\`${name}\``, `${type}${rest}`, typeof field.description === "string" ? field.description : ""];
  });
  return rows.length === 0 ? undefined : markdownTable([title, "", ""], rows);
}

function typeInWords(schema: JsonObject): string {
  if ("const" in schema) return code(schema.const);
  if (Array.isArray(schema.enum)) return schema.enum.map(code).join(", ");
  const branches = [...listIn(schema.anyOf), ...listIn(schema.oneOf)];
  if (branches.length > 0) return branches.map((each) => typeInWords(asObject(each))).join(" or ");
  if (Array.isArray(schema.type)) return schema.type.map((type) => typeInWords({ ...schema, type })).join(" or ");
  if (schema.type === "string")
    return `text${typeof schema.format === "string" ? ` (${schema.format})` : ""}${bounds(schema.minLength, schema.maxLength, " characters")}`;
  if (schema.type === "integer" || schema.type === "number") {
    const step = schema.type === "integer" ? 1 : 0;
    const least = typeof schema.exclusiveMinimum === "number" ? schema.exclusiveMinimum + step : schema.minimum;
    const most = typeof schema.exclusiveMaximum === "number" ? schema.exclusiveMaximum - step : schema.maximum;
    return `${schema.type === "integer" ? "whole number" : "number"}${bounds(least, most, "")}`;
  }
  if (schema.type === "array") return `list of ${typeInWords(asObject(schema.items))}`;
  if (schema.type === "boolean") return "true or false";
  if (schema.type === "null") return "null";
  const fields = propertiesOf(schema).map(([name, field]) => `${name}: ${typeInWords(field)}`);
  return fields.length === 0 ? (schema.type === "object" ? "object" : "any JSON") : `{ ${fields.join(", ")} }`;
}

function bounds(least: unknown, most: unknown, unit: string): string {
  const from = typeof least === "number" && least > Number.MIN_SAFE_INTEGER ? least : undefined;
  const to = typeof most === "number" && most < Number.MAX_SAFE_INTEGER ? most : undefined;
  if (from !== undefined && to !== undefined) return `, ${from} to ${to}${unit}`;
  if (from !== undefined)
    return unit === "" ? `, from ${from}` : from === 1 ? ", not empty" : `, at least ${from}${unit}`;
  return to === undefined ? "" : `, at most ${to}${unit}`;
}

const code = (value: unknown): string => `\`${JSON.stringify(value)}\``;
const listIn = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

function asObject(value: unknown): JsonObject {
  return typeof value === "object" && value !== null ? (value as JsonObject) : {};
}

function propertiesOf(schema: JsonObject): [string, JsonObject][] {
  return Object.entries(asObject(schema.properties)).map(([name, field]) => [name, asObject(field)]);
}
