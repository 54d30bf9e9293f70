import {
  type Bytes,
  canonicalJson,
  checkName,
  LedgerError,
  normaliseTags,
  randomBytes,
  SALT_BYTES,
  uuidv7,
} from "@eventchain/core";
import type { AppendRequest } from "@eventchain/store";
import { eventMetadata, METADATA_OPTIONS, requireMetadata, sharedMetadata, withoutIds } from "./build-metadata.ts";
import { checkKeys, checkObject, within } from "./check-keys.ts";
import { checkData, MAX_SCHEMA_VERSION, makerOf } from "./events/define-event.ts";
import type { AnyEventDefinition } from "./events/types.ts";
import { hashRequest, type RequestedEvent } from "./hash-request.ts";
import { normaliseExpect } from "./normalise-expect.ts";
import type { AppendOptions, EventInput, JsonObject, RequiredKey } from "./types.ts";

const EVENT_KEYS = ["type", "data", "tags", "schema", "metadata", "stream"] as const;
const OPTION_KEYS = ["expect", "commandId", ...METADATA_OPTIONS, "metadata", "signal"] as const;

/** The event definitions that a ledger was opened with, by type. */
type DefinitionsByType = ReadonlyMap<string, AnyEventDefinition>;

/** What a ledger was opened with, and what fresh ids and salts are made of. */
export interface AppendRules {
  /** Data of these types is checked by their schemas, and is what they give. */
  definitions: DefinitionsByType;
  /** Metadata that each event must have. */
  required: readonly RequiredKey[];
  random: (length: number) => Bytes;
}

const NO_RULES: AppendRules = { definitions: new Map(), required: [], random: randomBytes };

/** One event, checked and in canonical form; nothing in it depends on time or chance. */
interface CheckedEvent extends RequestedEvent {
  /** JCS text of the whole of its metadata; `metadata` is without the ids of the request. */
  wholeMetadata: string;
}

/** An append's content. */
interface CheckedAppend {
  events: CheckedEvent[];
  expected: AppendRequest["expected"];
  commandId: string | undefined;
  actor: string | undefined;
}

/** What the events of an append share. */
interface AppendContext {
  stream: string;
  shared: JsonObject;
  commandId: string | undefined;
  rules: AppendRules;
  /** Of each event that has no metadata of its own: written for the first of them. */
  texts: MetadataTexts | undefined;
}

type MetadataTexts = Pick<CheckedEvent, "metadata" | "wholeMetadata">;

/**
 * Checks what an append would check before it is sent, and throws as it would. Nothing is read or written.
 * Errors: LedgerError `invalid-name`, `invalid-argument`, `invalid-value`, `too-large`.
 */
export function checkAppend(
  stream: string,
  events: EventInput | readonly EventInput[],
  options: AppendOptions = {},
): void {
  checkContent(stream, events, options, NO_RULES);
}

/** The definition that an event's data is of; undefined for a type that nobody defined. */
export function definitionOf(event: EventInput, definitions: DefinitionsByType): AnyEventDefinition | undefined {
  return definitions.get(event.type) ?? makerOf(event);
}

/**
 * Turns what a caller gave into the request that the store takes, with fresh ids and salts.
 * @param nowMs milliseconds since 1970-01-01 UTC, for the ids' leading bits.
 */
export function prepareAppend(
  stream: string,
  events: EventInput | readonly EventInput[],
  options: AppendOptions,
  nowMs: bigint,
  rules: AppendRules = NO_RULES,
): AppendRequest {
  const { random } = rules;
  const { events: checked, expected, commandId, actor } = checkContent(stream, events, options, rules);
  const request: AppendRequest = {
    events: checked.map(({ type, schema, tags, data, wholeMetadata }) => ({
      stream,
      type,
      schema,
      tags,
      data,
      metadata: wholeMetadata,
      id: uuidv7(nowMs, random(10)),
      salt: random(SALT_BYTES),
      metaSalt: random(SALT_BYTES),
    })),
    expected,
  };
  if (commandId === undefined) return request;
  request.command = { id: commandId, requestHash: hashRequest(stream, checked) };
  if (actor !== undefined) request.command.actor = actor;
  return request;
}

function checkContent(
  stream: string,
  events: EventInput | readonly EventInput[],
  options: AppendOptions,
  rules: AppendRules,
): CheckedAppend {
  checkName("stream", stream);
  checkKeys(options, OPTION_KEYS, "append options");
  const version = normaliseExpect(options.expect);
  const { commandId } = options;
  if (commandId !== undefined) checkName("commandId", commandId);
  const list: readonly EventInput[] = Array.isArray(events) ? events : [events as EventInput];
  if (list.length === 0)
    throw new LedgerError("invalid-argument", "append was given no event: give at least one", { values: { stream } });
  const shared = sharedMetadata(options);
  const append: AppendContext = { stream, shared, commandId, rules, texts: undefined };
  const { actor } = shared;
  return {
    events: list.map((event, index) =>
      within(
        () => describe(event, index, list.length),
        { event: index },
        () => checkEvent(event, append),
      ),
    ),
    expected: version === "any" ? [] : [{ stream, version }],
    commandId,
    actor: typeof actor === "string" ? actor : undefined,
  };
}

function checkEvent(event: EventInput, append: AppendContext): CheckedEvent {
  const { stream, rules } = append;
  checkKeys(event, EVENT_KEYS, "event");
  checkName("type", event.type);
  if (event.stream !== undefined && event.stream !== stream)
    throw new LedgerError(
      "invalid-argument",
      `the event goes to stream ${JSON.stringify(event.stream)}, but is appended to ${JSON.stringify(stream)}: append it there`,
      { values: { stream, own: event.stream } },
    );
  const definition = definitionOf(event, rules.definitions);
  const schema = checkSchemaVersion(event, definition);
  if (event.tags !== undefined && !Array.isArray(event.tags))
    throw new LedgerError("invalid-argument", "tags is not an array: give an array of texts");
  const tags = normaliseTags(event.tags ?? []);
  // What a definition has made is checked, and frozen.
  const isChecked = definition === undefined || makerOf(event) === definition;
  const data = objectText("data", isChecked ? event.data : checkData(definition, event.data));
  const { metadata, wholeMetadata } = metadataTexts(event.metadata, append);
  return { type: event.type, schema, tags, data, metadata, wholeMetadata };
}

function metadataTexts(own: object | undefined, append: AppendContext): MetadataTexts {
  if (own !== undefined) return writeMetadata(own, append);
  append.texts ??= writeMetadata(own, append);
  return append.texts;
}

function writeMetadata(own: object | undefined, { shared, commandId, rules }: AppendContext): MetadataTexts {
  const metadata = eventMetadata(shared, own, commandId);
  requireMetadata(rules.required, metadata, "its metadata");
  const whole = objectText("metadata", metadata);
  // The hash of a request is asked for only where a command id makes it repeatable.
  return { metadata: commandId === undefined ? whole : canonicalJson(withoutIds(metadata)), wholeMetadata: whole };
}

function checkSchemaVersion(event: EventInput, definition: AnyEventDefinition | undefined): number {
  const schema = event.schema ?? definition?.version ?? 1;
  if (!Number.isInteger(schema) || schema < 1 || schema > MAX_SCHEMA_VERSION)
    throw new LedgerError(
      "invalid-argument",
      `schema is ${String(schema)}: give an integer from 1 to ${MAX_SCHEMA_VERSION}`,
      {
        values: { schema: String(schema) },
      },
    );
  if (definition === undefined || schema === definition.version) return schema;
  throw new LedgerError(
    "invalid-argument",
    `schema is ${schema}, but this ledger was opened with version ${definition.version} of ${JSON.stringify(event.type)}: new events are of that`,
    { values: { schema, type: event.type, version: definition.version } },
  );
}

function objectText(what: "data" | "metadata", value: unknown): string {
  checkObject(value, what);
  const text = within(what, { field: what }, () => canonicalJson(value));
  // What has a JSON form of its own (a Date, say) may be an object in JavaScript and a text in JSON.
  if (!text.startsWith("{"))
    throw new LedgerError("invalid-value", `${what} has a JSON form that is not an object: give a plain object`, {
      values: { field: what },
    });
  return text;
}

function describe(event: unknown, index: number, count: number): string {
  const type: unknown = typeof event === "object" && event !== null && "type" in event ? event.type : undefined;
  const name = typeof type === "string" ? ` ${JSON.stringify(type.slice(0, 64))}` : "";
  return count === 1 ? `event${name}` : `event ${index + 1} of ${count}${name}`;
}
