import { canonicalJson, LedgerError, MAX_JSON_BYTES } from "@eventchain/core";
import { formatInstant, type LedgerEvent } from "@eventchain/ledger";
import { CloudEvent } from "cloudevents";
import { escapeJson, isAttributeText } from "./attribute-text.ts";
import { sourceOf } from "./source-uri.ts";
import type { CloudEventJson, CloudEventOptions } from "./types.ts";

/** Escapes can make each byte of a text six. */
const LIMITS = { maxBytes: 8 * MAX_JSON_BYTES };

/**
 * An event of a ledger as a CloudEvent. `fromCloudEvent` gives the event back as it was, but for metadata that is left out.
 * Errors: LedgerError `invalid-event` where the `cloudevents` package finds it not to be one, by an option that is no URI, say.
 */
export function toCloudEvent(event: LedgerEvent, options: CloudEventOptions): CloudEventJson {
  const { origin, source = sourceOf(origin), withoutMetadata = false, dataSchema } = options;
  const { id, position, version, schema, hash, tags, recordedAtMicros, data } = event;
  const names = nameAttributes(event);
  const dataschema = data === null ? undefined : dataSchema?.(event.type, schema);
  const made: CloudEventJson = {
    specversion: "1.0",
    id,
    source,
    ...names,
    time: formatInstant(recordedAtMicros),
    ...(data === null ? {} : { datacontenttype: "application/json" }),
    ...(dataschema === undefined ? {} : { dataschema }),
    position: position.toString(),
    version: version.toString(),
    schemaversion: schema,
    hash,
    tags: escapeJson(canonicalJson(tags, LIMITS)),
    ...(withoutMetadata ? {} : metadataAttributes(event)),
    ...(data === null ? { dataerased: true } : { data }),
  };
  check(made);
  return made;
}

function nameAttributes({ type, stream }: LedgerEvent): Pick<CloudEventJson, "type" | "subject" | "encoded"> {
  const encoded: string[] = [];
  const attribute = (name: string, text: string): string => {
    if (isAttributeText(text)) return text;
    encoded.push(name);
    return encodeURIComponent(text);
  };
  const names = { type: attribute("type", type), subject: attribute("subject", stream) };
  return encoded.length === 0 ? names : { ...names, encoded: encoded.join(",") };
}

function metadataAttributes({ metadata }: LedgerEvent): Partial<CloudEventJson> {
  if (metadata === null) return { metadataerased: true };
  const text = (key: string, name: string): object => {
    const value = metadata[key];
    return typeof value === "string" && isAttributeText(value) ? { [name]: value } : {};
  };
  return {
    metadata: escapeJson(canonicalJson(metadata, LIMITS)),
    ...text("actor", "actor"),
    ...text("correlationId", "correlationid"),
    ...text("causationId", "causationid"),
  };
}

function check(made: CloudEventJson): void {
  try {
    // It is only asked: its own JSON form would cut the time to milliseconds.
    new CloudEvent({ ...made });
  } catch (error) {
    throw new LedgerError("invalid-event", `the event at position ${made.position} makes no CloudEvent`, {
      values: { position: made.position },
      cause: error,
    });
  }
}
