import { checkName, LedgerError, normaliseTags } from "@eventchain/core";
import { checkKeys } from "../check-keys.ts";
import type { JsonObject } from "../types.ts";
import { issuesError, toDataSchema } from "./data-schema.ts";
import { freezeJson } from "./freeze-json.ts";
import { readData } from "./read-data.ts";
import type {
  AnyEventDefinition,
  AnySchema,
  DomainEvent,
  DomainEventOptions,
  EventDefinition,
  EventSpec,
  InputOf,
  OutputOf,
} from "./types.ts";

/** The highest version of an event's schema. */
export const MAX_SCHEMA_VERSION: number = 2 ** 31 - 1;

const SPEC_KEYS = ["version", "schema", "upcast", "tags", "stream", "describe"] as const;
const OPTION_KEYS = ["stream", "tags", "metadata"] as const;

/** What made an event, so that it is not checked twice. */
const makers = new WeakMap<object, AnyEventDefinition>();

/** The definition that made this event; undefined for any other value. */
export function makerOf(event: object): AnyEventDefinition | undefined {
  return makers.get(event);
}

/**
 * Defines a type of event: its data's schema, tags, stream, and how older versions become the current one.
 * Errors: LedgerError `invalid-name` for the type; `config-invalid` for a version, an upcaster of no older version, or a
 * schema that has no JSON Schema; `invalid-argument` for an unknown key.
 */
export function defineEvent<const Type extends string, Schema extends AnySchema>(
  type: Type,
  spec: EventSpec<Schema>,
): EventDefinition<Type, OutputOf<Schema>, InputOf<Schema>> {
  checkName("type", type);
  checkKeys(spec, SPEC_KEYS, `event ${JSON.stringify(type)}`);
  type Data = OutputOf<Schema>;
  const version = checkVersion(type, spec.version ?? 1);
  const upcast = checkUpcasters(type, version, spec.upcast ?? {});
  const schema = toDataSchema(spec.schema, `event ${JSON.stringify(type)}`, "output");
  checkObjectSchema(type, schema.jsonSchema);

  function make(data: InputOf<Schema>, options: DomainEventOptions = {}): DomainEvent<Type, Data> {
    checkKeys(options, OPTION_KEYS, `event options of ${JSON.stringify(type)}`);
    const checked = checkData({ type, version, schema }, data) as Data;
    const stream = options.stream ?? call(type, "stream", () => spec.stream?.(checked));
    if (stream !== undefined) checkName("stream", stream);
    const event: DomainEvent<Type, Data> = Object.freeze({
      type,
      schema: version,
      data: checked,
      tags: Object.freeze(joinTags(type, call(type, "tags", () => spec.tags?.(checked)) ?? [], options.tags ?? [])),
      stream,
      metadata: options.metadata === undefined ? undefined : Object.freeze({ ...options.metadata }),
    });
    makers.set(event, definition);
    return event;
  }

  const definition: EventDefinition<Type, Data, InputOf<Schema>> = Object.freeze(
    Object.assign(Object.defineProperty(make, "name", { value: type }), {
      kind: "event" as const,
      type,
      version,
      schema,
      upcast,
      description: spec.describe,
      is: (event: { type: string }) => event.type === type,
      read: (event: Parameters<AnyEventDefinition["read"]>[0]) => readData(definition, event) as Data | null,
    }),
  );
  return definition;
}

/**
 * An event's data, checked by its schema, as a frozen copy that holds what JSON keeps.
 * Errors: LedgerError `invalid-event`, which names each path; `too-large`.
 */
export function checkData(
  definition: Pick<AnyEventDefinition, "type" | "version" | "schema">,
  data: unknown,
): JsonObject {
  const { type, version, schema } = definition;
  const what = `the data of event ${JSON.stringify(type)} version ${version}`;
  const values = { type, version };
  const result = schema.parse(data);
  if (!result.ok) throw issuesError("invalid-event", what, result.issues, values);
  return freezeJson(result.value, what, values);
}

function checkVersion(type: string, version: number): number {
  if (Number.isInteger(version) && version >= 1 && version <= MAX_SCHEMA_VERSION) return version;
  throw new LedgerError(
    "config-invalid",
    `event ${JSON.stringify(type)} has version ${String(version)}: give an integer from 1 to ${MAX_SCHEMA_VERSION}`,
    { values: { type, version: String(version) } },
  );
}

function checkUpcasters<T extends Readonly<Record<number, unknown>>>(type: string, version: number, upcast: T): T {
  for (const [from, upcaster] of Object.entries(upcast)) {
    const known = /^[1-9][0-9]*$/.test(from) && Number(from) < version;
    if (known && typeof upcaster === "function") continue;
    const problem = known
      ? "is not a function"
      : version === 1
        ? "is of no older version: version 1 has none"
        : `is of no older version: those are 1 to ${version - 1}`;
    throw new LedgerError(
      "config-invalid",
      `event ${JSON.stringify(type)}: upcast ${JSON.stringify(from)} ${problem}`,
      {
        values: { type, version, upcast: from },
      },
    );
  }
  return Object.freeze({ ...upcast });
}

/** Data is an object; a schema whose top says that it is something else could never be met. */
function checkObjectSchema(type: string, schema: JsonObject): void {
  if (schema.type === undefined || schema.type === "object") return;
  if (Array.isArray(schema.type) && schema.type.includes("object")) return;
  throw new LedgerError(
    "config-invalid",
    `the schema of event ${JSON.stringify(type)} is of ${JSON.stringify(schema.type)} at $: an event's data is an object`,
    { values: { type, path: "$" } },
  );
}

/** Each tag once, whether it comes of the data twice or is given beside it. */
function joinTags(type: string, own: readonly string[], given: readonly string[]): string[] {
  for (const tags of [own, given]) {
    if (Array.isArray(tags)) continue;
    throw new LedgerError("invalid-event", `the tags of event ${JSON.stringify(type)} are not an array: give texts`, {
      values: { type },
    });
  }
  return normaliseTags([...new Set([...own, ...given])]);
}

function call<T>(type: string, what: "tags" | "stream", run: () => T): T {
  let made: T;
  try {
    made = run();
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new LedgerError("invalid-event", `\`${what}\` of event ${JSON.stringify(type)} threw: ${problem}`, {
      values: { type },
      cause,
    });
  }
  if (!(made instanceof Promise)) return made;
  // Nobody awaits it: its failure must not end the process.
  made.catch(() => undefined);
  throw new LedgerError(
    "invalid-event",
    `\`${what}\` of event ${JSON.stringify(type)} gave a promise: it is to be synchronous`,
    { values: { type } },
  );
}
