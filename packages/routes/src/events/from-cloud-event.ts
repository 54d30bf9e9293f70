import { LedgerError, parseDecimal } from "@eventchain/core";
import { type JsonObject, type LedgerEvent, parseInstant } from "@eventchain/ledger";
import { CloudEvent } from "cloudevents";

/**
 * The event that `toCloudEvent` made a CloudEvent of; metadata that was left out is null, as if erased.
 * @param json the object, or its JSON text, as a webhook's body or a queue's job has it.
 * Errors: LedgerError `invalid-event` where it is no CloudEvent, or lacks what a ledger's event has.
 */
export function fromCloudEvent(json: unknown): LedgerEvent {
  const value = typeof json === "string" ? parse("it", json) : json;
  if (!isObject(value)) throw refuse("it is no JSON object");
  checkCloudEvent(value);
  const encoded = value.encoded === undefined ? [] : text(value, "encoded").split(",");
  const name = (key: string): string => (encoded.includes(key) ? decode(key, text(value, key)) : text(value, key));
  const { data, metadata, schemaversion } = value;
  if (!Number.isInteger(schemaversion)) throw refuse("schemaversion is no integer");
  if (value.dataerased !== true && !isObject(data)) throw refuse("data is no JSON object, and not erased");
  return {
    position: readDecimal(value, "position"),
    stream: name("subject"),
    version: readDecimal(value, "version"),
    id: text(value, "id"),
    type: name("type"),
    schema: schemaversion as number,
    tags: readTags(text(value, "tags")),
    recordedAtMicros: within(() => parseInstant(text(value, "time"), "time").micros),
    data: value.dataerased === true ? null : (data as JsonObject),
    metadata: metadata === undefined ? null : readObject("metadata", text(value, "metadata")),
    hash: text(value, "hash"),
  };
}

function checkCloudEvent(value: JsonObject): void {
  try {
    new CloudEvent(value);
  } catch (error) {
    throw refuse("the cloudevents package refuses it", error);
  }
  // The package leaves these out of its own check.
  if (value.specversion !== "1.0") throw refuse("specversion is not 1.0");
}

function text(value: JsonObject, key: string): string {
  const found = value[key];
  // The package would make up an id, and a time.
  if (typeof found !== "string" || found === "") throw refuse(`${key} is no text`);
  return found;
}

function readDecimal(value: JsonObject, key: string): bigint {
  return within(() => parseDecimal(text(value, key), key));
}

function within<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof LedgerError) || error.code === "invalid-event") throw error;
    throw refuse(error.message, error);
  }
}

function decode(key: string, encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch (error) {
    throw refuse(`${key} is not percent-encoded, though "encoded" says so`, error);
  }
}

/** Not `parseJson`, which refuses what an event's data may hold: integers beyond 2^53, which JSON knows as doubles. */
function parse(what: string, json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw refuse(`${what} is no JSON text`, error);
  }
}

function readTags(json: string): string[] {
  const tags = parse("tags", json);
  if (!Array.isArray(tags) || !tags.every((tag) => typeof tag === "string")) throw refuse("tags is no list of texts");
  return tags;
}

function readObject(key: string, json: string): JsonObject {
  const value = parse(key, json);
  if (!isObject(value)) throw refuse(`${key} is no JSON object`);
  return value;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function refuse(problem: string, cause?: unknown): LedgerError {
  return new LedgerError("invalid-event", `this is no CloudEvent of a ledger: ${problem}`, { cause });
}
